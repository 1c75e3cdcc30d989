/**
 * `npm run bench:migrate`: `migrateVm` against `virsh migrate` of the same VM between the same hosts, in turns, on a
 * lab of its own that is taken down at the end. `--pairs N` (default 10); `--lab FILE`: another lab's settings;
 * `--json` ends with the figures as one line.
 */
import { cpus, release, totalmem } from 'node:os';
import { Command } from 'commander';
import pc from 'picocolors';
import type { Drover } from '../client/drover.ts';
import { startDrover } from '../demo/drover-process.ts';
import { holdDatacenter } from '../demo/one-start.ts';
import { SteadyClient, waitFor } from '../demo/traffic.ts';
import { openLab, type Lab, type LabHost, type LabVm } from '../lab/lab.ts';
import { readOptions } from '../setup/options.ts';
import { stepsOnStderr } from '../setup/steps.ts';
import { Lifecycle } from './lifecycle.ts';
import { Histories, type OperationTimes } from './operation-times.ts';
import { placesOf, virsh } from './places.ts';
import { ConnectionProbe } from './probe.ts';
import { shownMs, spreadOf, type Spread } from './spread.ts';

const requestsPerSecond = 20;
/** Attempts that must connect before and after each move, so that its downtime lies between two of them. */
const steadyConnects = 50;
const sides = ['virsh', 'drover'] as const;
type Side = (typeof sides)[number];

interface Sample {
  readonly wholeMs: number;
  /** From the order until the VM runs at the target, by the target's own event. */
  readonly runningMs: number;
  readonly downtimeMs: number;
  readonly requests: number;
  readonly failed: number;
}

/** Everything that a move needs. */
interface Setting {
  readonly lab: Lab;
  readonly vm: LabVm;
  readonly drover: Drover;
  readonly histories: Histories;
  readonly probe: ConnectionProbe;
  readonly lifecycle: Lifecycle;
  readonly times: OperationTimes[];
}

const values = readOptions(
  new Command('npm run bench:migrate --')
    .description('migrateVm against virsh migrate of the same VM between the same hosts, in turns, on a lab.')
    .option('--pairs <n>', 'so many moves of each side', '10')
    .option('--lab <file>', 'the lab’s settings', new URL('./lab.yaml', import.meta.url).pathname)
    .option('--json', 'end with the figures as one line'),
).opts<{ pairs: string; lab: string; json?: true }>();

async function main(): Promise<number> {
  const pairs = Number(values.pairs);
  if (!Number.isInteger(pairs) || pairs < 1)
    throw new Error(`--pairs ${values.pairs}: must be a whole number from 1`);
  const steps = stepsOnStderr();
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      console.error('interrupted: taking all down');
      interrupted.abort();
    });
  const lab = openLab(values.lab);
  await using _ = await holdDatacenter(
    { folder: lab.folder, droverState: lab.droverStateFolder },
    'npm run bench:migrate',
  );
  try {
    await lab.up({ report: steps.report });
    if (interrupted.signal.aborted) return 130;
    await using running = await steps.run('start Drover', () => startDrover(lab.droverYamlPath));
    await using histories = await Histories.connect(running.drover.target);
    const [vm] = lab.vms;
    if (!vm || lab.hosts.length !== 2) throw new Error(`${values.lab}: two hosts and a VM are needed`);
    using probe = new ConnectionProbe(vm.address, 80);
    await using lifecycle = await Lifecycle.of(lab.hosts);
    const setting: Setting = { lab, vm, drover: running.drover, histories, probe, lifecycle, times: [] };
    const conditions = await conditionsOf(lab);
    for (const [name, value] of Object.entries(conditions)) console.log(`${name.padEnd(9)}${value}`);
    // The first move of each side loads code and fills caches.
    for (const side of sides) await measure(setting, side);
    setting.times.length = 0;
    const samples = await takePairs(setting, pairs, interrupted.signal);
    if (!samples) return 130;
    const figures = figuresOf(pairs, samples);
    printTimes(setting.times);
    if (values.json) process.once('exit', () => console.log(JSON.stringify({ ...figures, ...conditions })));
    return figures.failed === 0 ? 0 : 1;
  } finally {
    await steps.run('take the lab down', () => lab.down({ report: steps.report }));
  }
}

type Samples = Record<Side, Sample[]>;

/** @returns undefined when interrupted */
async function takePairs(
  setting: Setting,
  pairs: number,
  interrupted: AbortSignal,
): Promise<Samples | undefined> {
  const samples: Samples = { virsh: [], drover: [] };
  for (let pair = 0; pair < pairs; pair++) {
    for (const side of pair % 2 === 0 ? sides : sides.toReversed()) {
      if (interrupted.aborted) return undefined;
      samples[side].push(await measure(setting, side));
    }
    const shown = sides.map((side) => {
      const { wholeMs = 0, downtimeMs = 0, failed = 0 } = samples[side].at(-1) ?? {};
      return `${side} ${wholeMs.toFixed(0)} ms, down ${downtimeMs.toFixed(0)} ms, ${failed} failed`;
    });
    console.log(`pair ${String(pair + 1).padStart(2)}  ${shown.join('   ')}`);
  }
  return samples;
}

/** Moves the VM to the other host and measures it. */
async function measure(setting: Setting, side: Side): Promise<Sample> {
  const { lab, vm, probe, lifecycle } = setting;
  const from = await hostOf(lab, vm);
  const to = lab.hosts.find((host) => host !== from);
  if (!to) throw new Error('there is no other host');
  const traffic = new SteadyClient(`http://${vm.address}/`, requestsPerSecond);
  traffic.start();
  try {
    await probe.untilConnected(steadyConnects);
    probe.reset();
    lifecycle.reset();
    const began = performance.now();
    const workflowId = side === 'virsh' ? await byVirsh(vm, from, to) : await byDrover(setting, to);
    const wholeMs = performance.now() - began;
    const ran = lifecycle.events.find(
      (event) => event.host === to.name && event.uuid === vm.uuid && event.event === 'Resumed',
    );
    if (!ran) throw new Error(`${to.name} has not told that ${vm.name} runs there`);
    await probe.untilConnected(steadyConnects);
    const downtimeMs = probe.longestGapMs();
    if (workflowId) setting.times.push(await setting.histories.timesOf(workflowId));
    const { requests, failed } = await traffic.stop();
    return { wholeMs, runningMs: ran.atMs - began, downtimeMs, requests, failed };
  } catch (error) {
    await traffic.stop();
    throw error;
  }
}

async function byVirsh(vm: LabVm, from: LabHost, to: LabHost): Promise<undefined> {
  const flags = ['--live', '--persistent', '--undefinesource', '--p2p'];
  await virsh(from, ['migrate', ...flags, vm.uuid, to.uri, '--migrateuri', `tcp://${to.address}`]);
}

async function byDrover({ drover, vm }: Setting, to: LabHost): Promise<string> {
  const operation = await drover.start('migrateVm', { vm: vm.name, to: to.name });
  await operation.result();
  return operation.workflowId;
}

/** The host on which the VM runs, when no other has anything of it any more. */
async function hostOf(lab: Lab, vm: LabVm): Promise<LabHost> {
  return waitFor(`${vm.name} on one host`, 30, async () => {
    const places = await placesOf(lab.hosts, vm.uuid);
    return places.length === 1 && places[0]?.isRunning ? places[0].host : undefined;
  });
}

async function conditionsOf(lab: Lab): Promise<Record<string, string>> {
  const [host] = lab.hosts;
  const said = host ? await virsh(host, ['version']) : '';
  const version = (name: string): string => new RegExp(`${name} ([\\d.]+)`).exec(said)?.[1] ?? 'unknown';
  const guests = lab.config.vms.map(
    ({ name, memoryMiB, vcpus }) => `${name} ${memoryMiB} MiB, ${vcpus} vCPU`,
  );
  return {
    machine: `${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}`,
    versions: `Node ${process.versions.node}, libvirt ${version('libvirt')}, QEMU ${version('QEMU')}`,
    hosts: lab.hosts.map(({ name, cpus: quota }) => `${name} ${quota} cores (quota)`).join(', '),
    guest: guests.join('; '),
    client: `an attempt to connect every 10 ms, ${requestsPerSecond} HTTP requests a second`,
  };
}

/** Prints medians and spread, and answers them. */
function figuresOf(pairs: number, samples: Samples) {
  const of = (side: Side, key: 'wholeMs' | 'downtimeMs' | 'runningMs'): Spread =>
    spreadOf(samples[side].map((sample) => sample[key]));
  const [virshWhole, droverWhole] = [of('virsh', 'wholeMs'), of('drover', 'wholeMs')];
  const [virshDowntime, droverDowntime] = [of('virsh', 'downtimeMs'), of('drover', 'downtimeMs')];
  const [virshRunning, droverRunning] = [of('virsh', 'runningMs'), of('drover', 'runningMs')];
  const runningAtTargetRatio = Number((droverRunning.median / virshWhole.median).toFixed(3));
  const wholeRatio = Number((droverWhole.median / virshWhole.median).toFixed(3));
  const downtimeRatio = Number((droverDowntime.median / virshDowntime.median).toFixed(3));
  const all = sides.flatMap((side) => samples[side]);
  const sum = (key: 'requests' | 'failed'): number => all.reduce((total, sample) => total + sample[key], 0);
  console.log(
    `whole time  virsh ${shownMs(virshWhole)}, drover ${shownMs(droverWhole)}: ratio ${wholeRatio}`,
  );
  console.log(
    `downtime    virsh ${shownMs(virshDowntime)}, drover ${shownMs(droverDowntime)}: ratio ${downtimeRatio}`,
  );
  console.log(
    `at target   virsh ${shownMs(virshRunning)}, drover ${shownMs(droverRunning)}: ratio to virsh's return ${runningAtTargetRatio}`,
  );
  console.log(`requests    ${sum('requests')} sent, ${sum('failed')} failed`);
  return {
    pairs,
    wholeRatio,
    downtimeRatio,
    runningAtTargetRatio,
    failed: sum('failed'),
    requests: sum('requests'),
    virshWholeMs: Math.round(virshWhole.median),
    droverWholeMs: Math.round(droverWhole.median),
    virshDowntimeMs: Math.round(virshDowntime.median),
    droverDowntimeMs: Math.round(droverDowntime.median),
    droverRunningAtTargetMs: Math.round(droverRunning.median),
  };
}

/** The parts of Drover's time, by the operations' histories. */
function printTimes(times: readonly OperationTimes[]): void {
  console.log(`Drover's time by the operations' histories:`);
  for (const part of new Set(times.flatMap((each) => [...each.keys()])))
    console.log(`  ${part.padEnd(30)}${shownMs(spreadOf(times.map((each) => each.get(part) ?? 0)))}`);
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`${pc.red('error:')} ${(error as Error).message}`);
  process.exitCode = 1;
}
