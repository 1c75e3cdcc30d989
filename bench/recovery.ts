/**
 * `npm run bench:recovery`: the only worker killed with -9 in a move, on a lab of its own, under the supervision of
 * `drover up`: at the switch-over, which is when the VM stands still until another worker has settled it, and while
 * memory is copied. The VM's users ask for its uptime all the time. `--runs N` of each kind (default 5); `--lab FILE`;
 * `--json` ends with the figures as one line.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Command } from 'commander';
import pc from 'picocolors';
import { z } from 'zod';
import { OperationFailed } from '../client/errors.ts';
import type { Drover } from '../client/drover.ts';
import { startDrover } from '../demo/drover-process.ts';
import { holdDatacenter } from '../demo/one-start.ts';
import { waitFor } from '../demo/traffic.ts';
import { openLab, type Lab, type LabHost, type LabVm } from '../lab/lab.ts';
import { readOptions } from '../setup/options.ts';
import { stepsOnStderr } from '../setup/steps.ts';
import { Lifecycle, type HostEvent } from './lifecycle.ts';
import { placesOf } from './places.ts';
import { shownMs, spreadOf } from './spread.ts';
import { UptimeWatch } from './uptime-watch.ts';

/** Slow enough that the copy of an idle guest takes seconds. */
const slowMiBps = 16;
const kinds = ['switchOver', 'copy'] as const;
type Kind = (typeof kinds)[number];

interface Run {
  readonly kind: Kind;
  readonly recoveredMs: number;
  /** The longest time in which no request of the VM's users was answered. */
  readonly silentMs: number;
  readonly outcome: string;
  readonly staleResumes: number;
  readonly doubleRuns: number;
}

interface Setting {
  readonly lab: Lab;
  readonly vm: LabVm;
  readonly drover: Drover;
  readonly lifecycle: Lifecycle;
}

const values = readOptions(
  new Command('npm run bench:recovery --')
    .description('The only worker killed in moves: how long until they have ended by themselves.')
    .option('--runs <n>', 'so many of each kind', '5')
    .option('--lab <file>', 'the lab’s settings', new URL('./lab.yaml', import.meta.url).pathname)
    .option('--json', 'end with the figures as one line'),
).opts<{ runs: string; lab: string; json?: true }>();

async function main(): Promise<number> {
  const count = Number(values.runs);
  if (!Number.isInteger(count) || count < 1)
    throw new Error(`--runs ${values.runs}: must be a whole number from 1`);
  const steps = stepsOnStderr();
  const lab = openLab(values.lab);
  await using _ = await holdDatacenter(
    { folder: lab.folder, droverState: lab.droverStateFolder },
    'npm run bench:recovery',
  );
  try {
    await lab.up({ report: steps.report });
    await using running = await steps.run('start Drover', () => startDrover(lab.droverYamlPath));
    await using lifecycle = await Lifecycle.of(lab.hosts);
    const [vm] = lab.vms;
    if (!vm) throw new Error(`${values.lab}: a VM is needed`);
    const setting: Setting = { lab, vm, drover: running.drover, lifecycle };
    const runs: Run[] = [];
    for (let number = 1; number <= count; number++)
      for (const kind of kinds) {
        const run = await killOnce(setting, kind);
        runs.push(run);
        console.log(
          `run ${number}, killed at the ${kind}: ${run.outcome} after ${Math.round(run.recoveredMs)} ms, ` +
            `users unanswered for ${Math.round(run.silentMs)} ms`,
        );
      }
    return tell(runs);
  } finally {
    await steps.run('take the lab down', () => lab.down({ report: steps.report }));
  }
}

async function killOnce({ lab, vm, drover, lifecycle }: Setting, kind: Kind): Promise<Run> {
  const from = await waitFor(`${vm.name} on one host`, 60, async () => {
    const places = await placesOf(lab.hosts, vm.uuid);
    return places.length === 1 && places[0]?.isRunning ? places[0].host : undefined;
  });
  const to = lab.hosts.find((host) => host !== from);
  if (!to) throw new Error('there is no other host');
  // The worker that an earlier run killed is back.
  await waitFor('a worker', 60, () => drover.inventory({ timeoutMs: 10_000 }));
  await using uptimes = UptimeWatch.start(vm.address);
  const doubles = watchDoubles(lab.hosts, vm.uuid);
  const workerPid = pidOfWorker(lab);
  const killed = killAt(kind, { lifecycle, vm, from, to, workerPid });
  const operation = await drover.start('migrateVm', {
    vm: vm.name,
    to: to.name,
    ...(kind === 'copy' ? { bandwidthMiBps: slowMiBps } : {}),
  });
  const killedAtMs = await killed;
  const outcome = await operation.result().then(
    ({ outcome: ended }) => ended as string,
    (error: unknown) => {
      if (error instanceof OperationFailed) return `${error.type}: ${error.message}`;
      throw error;
    },
  );
  const recoveredMs = performance.now() - killedAtMs;
  await uptimes.untilAnswered();
  const doubleRuns = await doubles();
  return {
    kind,
    outcome,
    recoveredMs,
    silentMs: uptimes.longestSilenceMs,
    staleResumes: uptimes.stepsBack,
    doubleRuns,
  };
}

/** Kills the worker at the moment that `kind` names; answers when that was. */
async function killAt(
  kind: Kind,
  {
    lifecycle,
    vm,
    from,
    to,
    workerPid,
  }: Pick<Setting, 'lifecycle' | 'vm'> & {
    readonly from: LabHost;
    readonly to: LabHost;
    readonly workerPid: number;
  },
): Promise<number> {
  const isIt: Readonly<Record<Kind, (event: HostEvent) => boolean>> = {
    // The migration has halted it at the source.
    switchOver: ({ host, event }) => host === from.name && event === 'Suspended',
    copy: ({ host, event }) => host === to.name && event === 'Started',
  };
  const { promise, resolve } = Promise.withResolvers<number>();
  const stop = lifecycle.listen((event) => {
    if (event.uuid !== vm.uuid || !isIt[kind](event)) return;
    process.kill(workerPid, 'SIGKILL');
    resolve(performance.now());
  });
  try {
    return await promise;
  } finally {
    stop();
  }
}

/** Asks all hosts again and again until the answer is called: how often two ran the VM, in two looks in a row. */
function watchDoubles(hosts: readonly LabHost[], uuid: string): () => Promise<number> {
  const stop = new AbortController();
  let doubles = 0;
  const watching = (async () => {
    for (let inARow = 0; !stop.signal.aborted; await pause(200)) {
      // Two hosts are asked one after the other: only what stays so for two looks is so.
      const running = (await placesOf(hosts, uuid)).filter(({ isRunning }) => isRunning);
      inARow = running.length > 1 ? inARow + 1 : 0;
      if (inARow === 2) doubles++;
    }
  })();
  return async () => {
    stop.abort();
    await watching;
    return doubles;
  };
}

function pidOfWorker(lab: Lab): number {
  const file = join(lab.droverStateFolder, 'run', 'worker.json');
  return z.object({ pid: z.int() }).parse(JSON.parse(readFileSync(file, 'utf8'))).pid;
}

/** Prints medians and spread. @returns the exit code: not 0 where the VM ran twice or was undone */
function tell(runs: readonly Run[]): number {
  const of = (kind: Kind, key: 'recoveredMs' | 'silentMs') =>
    spreadOf(runs.filter((run) => run.kind === kind).map((run) => run[key]));
  const [atSwitchOver, elsewhere] = [of('switchOver', 'recoveredMs'), of('copy', 'recoveredMs')];
  const silent = of('switchOver', 'silentMs');
  const sum = (key: 'staleResumes' | 'doubleRuns'): number =>
    runs.reduce((total, run) => total + run[key], 0);
  const unended = runs.filter(
    ({ outcome }) => outcome !== 'moved' && !outcome.startsWith('MigrationAborted'),
  );
  console.log(`killed at the switch-over: ended after ${shownMs(atSwitchOver)}`);
  console.log(`  users unanswered meanwhile: ${shownMs(silent)}`);
  console.log(`killed in the copy: ended after ${shownMs(elsewhere)}`);
  console.log(`stale resumes ${sum('staleResumes')}, two running copies ${sum('doubleRuns')}`);
  for (const { outcome } of unended) console.log(`neither moved nor stayed: ${outcome}`);
  if (values.json) {
    const figures = {
      killedAtSwitchOverMs: Math.round(atSwitchOver.median),
      killedElsewhereMs: Math.round(elsewhere.median),
      unansweredAtSwitchOverMs: Math.round(silent.median),
      staleResumes: sum('staleResumes'),
      doubleRuns: sum('doubleRuns'),
      runs: runs.length,
    };
    process.once('exit', () => console.log(JSON.stringify(figures)));
  }
  return sum('staleResumes') + sum('doubleRuns') + unended.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`${pc.red('error:')} ${(error as Error).message}`);
  process.exitCode = 1;
}
