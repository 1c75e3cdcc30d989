/** Many migrations at once, and a look at the whole herd after them, past Drover. */
import type { Drover } from '../client/drover.ts';
import { OperationFailed } from '../client/errors.ts';
import { Histories } from './operation-times.ts';
import type { Herd } from './simulated-herd.ts';
import { spreadOf } from './spread.ts';

/** Enough for a median; reading them all would take longer than the moves. */
const mostHistories = 50;

/** How one migration ended, by its own word. */
export interface Ending {
  readonly workflowId: string;
  readonly vm: string;
  /** `moved`, `stayed`, or `failed: NoHostFits`. */
  readonly ending: string;
  /** The host on which the VM is now, where the operation says so. */
  readonly at?: string;
  readonly message: string;
  readonly wholeMs: number;
}

export interface Moves {
  readonly endings: readonly Ending[];
  /** From the first start to the last end. */
  readonly wholeMs: number;
}

/**
 * Moves VMs, so many at a time, each to the host that Drover chooses.
 * @param vms which; spread over the herd by the caller
 */
export async function moveAll(drover: Drover, vms: readonly string[], atOnce: number): Promise<Moves> {
  const startedAt = performance.now();
  const waiting = [...vms];
  const endings: Ending[] = [];
  const lane = async (): Promise<void> => {
    for (let vm = waiting.shift(); vm !== undefined; vm = waiting.shift())
      endings.push(await move(drover, vm));
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return { endings, wholeMs: performance.now() - startedAt };
}

async function move(drover: Drover, vm: string): Promise<Ending> {
  const startedAt = performance.now();
  const operation = await drover.start('migrateVm', { vm, reason: 'bench:simulated' });
  const ended = (how: Pick<Ending, 'ending' | 'at' | 'message'>): Ending => ({
    workflowId: operation.workflowId,
    vm,
    wholeMs: performance.now() - startedAt,
    ...how,
  });
  try {
    const { outcome, from, to, message } = await operation.result();
    const at = outcome === 'moved' ? to : from;
    return ended({ ending: outcome, message, ...(at === undefined ? {} : { at }) });
  } catch (error) {
    if (!(error instanceof OperationFailed)) throw error;
    return ended({ ending: `failed: ${error.type ?? 'unknown'}`, message: error.message });
  }
}

/** Where the time of the moves went, by their own histories: medians of some of them, in milliseconds by part. */
export async function partsOf(drover: Drover, endings: readonly Ending[]): Promise<Record<string, number>> {
  await using histories = await Histories.connect(drover.target);
  const every = Math.ceil(endings.length / mostHistories);
  const times = await Promise.all(
    endings.filter((_, at) => at % every === 0).map(({ workflowId }) => histories.timesOf(workflowId)),
  );
  const parts = new Set(times.flatMap((each) => [...each.keys()]));
  return Object.fromEntries(
    [...parts].map((part) => [part, Math.round(spreadOf(times.map((each) => each.get(part) ?? 0)).median)]),
  );
}

/** What is wrong in the herd after the moves, a sentence for each; every VM should run once, where its operation said. */
export async function aftermath(herd: Herd, endings: readonly Ending[]): Promise<string[]> {
  const { copies } = await herd.control.ask('world', {});
  const byVm = new Map<string, typeof copies>();
  for (const copy of copies) byVm.set(copy.vm, [...(byVm.get(copy.vm) ?? []), copy]);
  const saidAt = new Map(endings.map(({ vm, at }) => [vm, at]));
  return herd.spec.vms.flatMap(({ name, host }) => {
    const found = byVm.get(name) ?? [];
    const shown =
      found.map((copy) => `${copy.state} (${copy.reason}) on ${copy.host}`).join(', ') || 'nowhere';
    const [copy, second] = found;
    if (!copy || second || copy.state !== 'running' || !copy.persistent)
      return [`${name} should run once, with a lasting definition, and is ${shown}`];
    const expected = saidAt.has(name) ? saidAt.get(name) : host;
    return expected === undefined || copy.host === expected
      ? []
      : [`${name} should run on ${expected}, and is ${shown}`];
  });
}
