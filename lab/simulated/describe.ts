/** A simulated datacenter in words for a terminal. */
import { pc } from '../colours.ts';
import type { WorldView } from './control.ts';
import type { Cause, CopyView, JournalEntry } from './journal.ts';
import type { Conviction } from './referee.ts';
import type { DatacenterSpec } from './spec.ts';

/** Whether all is as it should be: hosts up, links whole, each VM that should run running once, nothing convicted. */
export function isWhole(spec: DatacenterSpec, world: WorldView, convictions: readonly Conviction[]): boolean {
  return (
    world.hosts.every(({ state }) => state === 'up') &&
    world.cuts.length === 0 &&
    convictions.length === 0 &&
    spec.vms.every(({ name, isRunning }) => !isRunning || runningCopies(world, name).length === 1)
  );
}

/**
 * A summary on the first line, then what is not as it should be, and the VMs that do not run.
 * @param all every host and VM
 */
export function describeWorld(
  spec: DatacenterSpec,
  world: WorldView,
  convictions: readonly Conviction[],
  { all = false } = {},
): string {
  const mark = (good: boolean, text: string): string => (good ? pc.green(text) : pc.red(text));
  const whole = isWhole(spec, world, convictions);
  const hosts = world.hosts.map(({ name, state }) => ({ name, isUp: state === 'up', text: state }));
  const vms = spec.vms.map(({ name, isRunning }) => {
    const runs = runningCopies(world, name).length === 1;
    const copies = world.copies.filter(({ vm }) => vm === name);
    return { name, runs, good: runs || !isRunning, text: copies.map(placeOf).join(', ') || 'nowhere' };
  });
  const up = hosts.filter(({ isUp }) => isUp).length;
  const running = vms.filter(({ runs }) => runs).length;
  const shown = [
    ...hosts.filter(({ isUp }) => all || !isUp).map(({ isUp, ...host }) => ({ ...host, good: isUp })),
    ...vms.filter(({ runs }) => all || !runs),
  ];
  const width = Math.max(0, ...shown.map(({ name }) => name.length));
  return [
    `Simulated datacenter: ${mark(whole, whole ? 'whole' : 'not whole')}, ${(world.atMs / 1000).toFixed(1)} s old; ` +
      `${up} of ${hosts.length} hosts up, ${running} of ${vms.length} VMs run, ` +
      `the referee has convicted ${mark(convictions.length === 0, String(convictions.length))}`,
    ...shown.map(({ name, good, text }) => `  ${name.padEnd(width)}  ${mark(good, text)}`),
    ...(world.cuts.length > 0 ? [`  cut: ${pc.red(world.cuts.join(', '))}`] : []),
  ].join('\n');
}

export function describeConvictions(convictions: readonly Conviction[]): string {
  if (convictions.length === 0) return `${pc.green('nothing convicted')}: what must always hold has held`;
  return convictions
    .map(
      ({ kind, atMs, vm, host, message }) =>
        `${at(atMs)}  ${pc.red(kind)}${[vm, host].map((name) => (name === undefined ? '' : ` ${name}`)).join('')}: ${message}`,
    )
    .join('\n');
}

export function describeEntry(entry: JournalEntry): string {
  switch (entry.kind) {
    case 'copy': {
      const { copy, event, cause } = entry;
      const told = event ? `, told: ${event.kind} (${event.detail})` : '';
      return `${at(entry.atMs)}  ${copy.vm}: ${placeOf(copy)}${told}, ${whoOf(cause)}`;
    }
    case 'host':
      return `${at(entry.atMs)}  ${entry.host} is ${entry.state}, ${whoOf(entry.cause)}`;
    case 'fault':
      return `${at(entry.atMs)}  ${pc.yellow('fault')} ${entry.fault}`;
    case 'call':
      return `${at(entry.atMs)}  ${pc.dim(`${entry.party} -> ${entry.host}: ${entry.call}${entry.uuid === undefined ? '' : ` ${entry.uuid}`}, ${entry.outcome}`)}`;
    default:
      return JSON.stringify(entry satisfies never);
  }
}

function runningCopies(world: WorldView, vm: string): CopyView[] {
  return world.copies.filter((copy) => copy.vm === vm && copy.state === 'running');
}

function placeOf({ host, state, reason, job }: CopyView): string {
  return `${state} (${reason}) on ${host}${job === undefined ? '' : `, migrating ${job}`}`;
}

function whoOf(cause: Cause): string {
  return cause.kind === 'drover' ? `by ${cause.party}’s ${cause.call}` : `by ${cause.kind}`;
}

function at(atMs: number): string {
  return pc.dim(`${(atMs / 1000).toFixed(3).padStart(10)} s`);
}
