/**
 * What a step costs: `npm run bench:steps [-- --runs 7 --steps 60 --json]`. One activity of a workflow on the embedded
 * Temporal server, as Temporal ships it and as Drover tunes it; one call of the libvirt client, and the same by a
 * spawned virsh. The two sides of a pair take turns within one run, so that a busy machine is unfair to neither.
 *
 * With --json the last line is one JSON object: `stepMsTuned`, `stepMsPlain`, `callMs`, `virshMs`, medians in
 * milliseconds; the last two are null where no lab can be made (it needs root), with the reason before them.
 */
import { arch, cpus, loadavg, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { Command } from 'commander';
import { holdDatacenter } from '../demo/one-start.ts';
import { openLab } from '../lab/lab.ts';
import { readOptions } from '../setup/options.ts';
import { findTemporalBinary } from '../worker/temporal-server/binary.ts';
import { askTwoWays, type TwoWays } from './libvirt-calls.ts';
import { shownMs, spreadOf, type Spread } from './spread.ts';
import { bundleSteps, openSide } from './step-time.ts';

const values = readOptions(
  new Command('npm run bench:steps --')
    .description('What a step of a workflow and a call of the libvirt client cost.')
    .option('--runs <n>', 'runs of each side', '7')
    .option('--steps <n>', 'activities in each run', '60')
    .option('--json', 'end with the figures as one line'),
).opts<{ runs: string; steps: string; json?: true }>();
const runs = wholeNumber('--runs', values.runs);
const steps = wholeNumber('--steps', values.steps);
/** A call takes a fraction of a step: more of them make the median steady. */
const callsInARun = 10;

const say = (line: string): void => console.log(line);

await printConditions();
const { plain, tuned } = await measureSteps();
say(`step, plain server: ${shownMs(plain)}`);
say(`step, tuned server: ${shownMs(tuned)}`);
const calls = await measureCalls();
if (calls) {
  say(`libvirt client: ${shownMs(calls.client)} a call`);
  say(`spawned virsh:  ${shownMs(calls.virsh)} a call`);
}
if (values.json) {
  say(
    JSON.stringify({
      stepMsTuned: rounded(tuned),
      stepMsPlain: rounded(plain),
      callMs: calls ? rounded(calls.client) : null,
      virshMs: calls ? rounded(calls.virsh) : null,
    }),
  );
}

async function printConditions(): Promise<void> {
  const { version } = await findTemporalBinary({ report: say });
  const gib = (totalmem() / 1024 ** 3).toFixed(0);
  say(
    `conditions: ${cpus().length} x ${cpus()[0]?.model ?? arch()}, ${gib} GiB, load ${loadavg()[0]?.toFixed(1)}, Node ${process.version}, ${version}`,
  );
  say(
    `            ${runs} runs of each side in turn, ${steps} activities one after another in each, SQLite on disk`,
  );
}

async function measureSteps(): Promise<{ plain: Spread; tuned: Spread }> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const bundle = await bundleSteps();
  await using plainSide = await openSide('plain', { configuration: {}, pragmas: {} }, bundle);
  await using tunedSide = await openSide('tuned', {}, bundle);
  // The first dozen steps of a fresh plain server are fast, on what its rate limiter has saved up.
  for (const side of [plainSide, tunedSide]) await side.stepMs(25);
  const plain: number[] = [];
  const tuned: number[] = [];
  for (let run = 0; run < runs; run++) {
    plain.push(await plainSide.stepMs(steps));
    tuned.push(await tunedSide.stepMs(steps));
  }
  return { plain: spreadOf(plain), tuned: spreadOf(tuned) };
}

/** On the one host of a lab of its own, which is taken down again. */
async function measureCalls(): Promise<{ client: Spread; virsh: Spread } | undefined> {
  try {
    const lab = openLab(fileURLToPath(new URL('./steps-lab.yaml', import.meta.url)));
    const [host] = lab.hosts;
    if (!host) throw new Error('bench/steps-lab.yaml names no host');
    await using _ = await holdDatacenter(
      { folder: lab.folder, droverState: lab.droverStateFolder },
      'npm run bench:steps',
    );
    say('a lab of one host and one VM is brought up');
    await lab.up();
    try {
      await using ways = await askTwoWays(host);
      return await inTurn(ways);
    } finally {
      await lab.down();
    }
  } catch (error) {
    say(`the libvirt client can't be measured: ${(error as Error).message}`);
    return undefined;
  }
}

async function inTurn(ways: TwoWays): Promise<{ client: Spread; virsh: Spread }> {
  say(`asked ${runs * callsInARun} times in both ways in turn: ${ways.question}`);
  await ways.callMs();
  await ways.virshMs();
  const client: number[] = [];
  const virsh: number[] = [];
  for (let call = 0; call < runs * callsInARun; call++) {
    client.push(await ways.callMs());
    virsh.push(await ways.virshMs());
  }
  return { client: spreadOf(client), virsh: spreadOf(virsh) };
}

function rounded({ median }: Spread): number {
  return Number(median.toFixed(3));
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`${name} ${text}: must be a whole number above 0`);
  return value;
}
