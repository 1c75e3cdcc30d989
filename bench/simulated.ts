/**
 * `npm run bench:simulated`: Drover on a simulated datacenter of 10, 100 and 1,000 hosts with 20 VMs each, through real
 * Temporal and a real worker process: listings, and 500 migrations to hosts that Drover chooses. `--help` lists the
 * options.
 */
import { arch, cpus, loadavg, release, totalmem } from 'node:os';
import { Command } from 'commander';
import pc from 'picocolors';
import { tableOf } from '../client/cli/output.ts';
import { readOptions } from '../setup/options.ts';
import { findTemporalBinary } from '../worker/temporal-server/binary.ts';
import { commandMs, listings, type Listings } from './simulated-listings.ts';
import { aftermath, moveAll, partsOf, type Moves } from './simulated-moves.ts';
import { Herd, type Size } from './simulated-herd.ts';
import { shownMs, spreadOf, type Spread } from './spread.ts';

interface Options {
  readonly sizes: string;
  readonly migrations: string;
  readonly atOnce: string;
  readonly rate: string;
  readonly runs: string;
  readonly json?: true;
}

const values = readOptions(
  new Command('npm run bench:simulated --')
    .description('Listings and migrations by Drover on simulated datacenters of several sizes.')
    .option('--sizes <list>', 'hosts x VMs, in this order', '10x200,100x2000,1000x20000')
    .option('--migrations <n>', 'for each size, at most half of its VMs', '500')
    .option('--at-once <n>', 'migrations under way at one time', '50')
    .option('--rate <r>', 'how many times as fast as the world’s the simulated time runs', '10')
    .option('--runs <n>', 'listings of each kind', '5')
    .option('--json', 'end with the figures as one line; those at its top are the last size’s'),
).opts<Options>();

interface Measured extends Size {
  readonly listings: Listings;
  readonly commands: { readonly hosts: number; readonly vms: number };
  readonly moves: Moves;
  /** Milliseconds of a migration by part, medians. */
  readonly parts: Readonly<Record<string, number>>;
  /** CPU time of the processes for each migration. */
  readonly cpuMs: Readonly<Record<'worker' | 'temporal' | 'datacenter', number>>;
  readonly failed: number;
  readonly workerMiB: number;
  /** Before the first listing. */
  readonly workerIdleMiB: number;
  readonly workerHighestMiB: number;
  readonly convictions: number;
  /** What is wrong afterwards, by a look at the simulation itself. */
  readonly wrong: readonly string[];
}

async function main(): Promise<number> {
  const sizes = values.sizes.split(',').map(sizeOf);
  const [rate, runs] = [Number(values.rate), wholeNumber('--runs', values.runs)];
  const migrations = wholeNumber('--migrations', values.migrations);
  const atOnce = wholeNumber('--at-once', values.atOnce);
  await printConditions({ rate, atOnce });
  const all: Measured[] = [];
  for (const size of sizes) {
    const measured = await measure(size, { migrations: Math.min(migrations, Math.floor(size.vms / 2)) });
    all.push(measured);
    for (const line of measured.wrong.slice(0, 5)) console.log(pc.red(`wrong: ${line}`));
  }
  console.log(growthOf(all));
  const last = all.at(-1);
  if (values.json && last)
    console.log(JSON.stringify({ ...figuresOf(last), rate, atOnce, growth: all.map(figuresOf) }));
  return all.every(({ failed, convictions, wrong }) => failed + convictions + wrong.length === 0) ? 0 : 1;

  async function measure(size: Size, { migrations: wanted }: { migrations: number }): Promise<Measured> {
    const name = `${size.hosts} hosts, ${size.vms} VMs`;
    console.log(`${name}: starting the datacenter and Drover`);
    await using herd = await Herd.start(size, rate);
    const { drover } = herd.running;
    try {
      const workerIdleMiB = herd.workerMemory().nowMiB;
      const listed = await listings(drover, size, runs);
      console.log(
        `${name}: listing ${shownMs(listed.list)}; with CPU use measured anew ${shownMs(listed.stats)}`,
      );
      const commands = await commandMs(herd.settingsFile, size);
      console.log(`${name}: drover get hosts ${commands.hosts} ms, drover get vms ${commands.vms} ms`);
      const every = size.vms / wanted;
      const vms = Array.from(
        { length: wanted },
        (_, at) => herd.spec.vms[Math.floor(at * every)]?.name ?? '',
      );
      const before = herd.cpuMs();
      const moves = await moveAll(drover, vms, atOnce);
      const failures = moves.endings.filter(({ ending }) => ending !== 'moved');
      for (const { vm, ending, message } of failures.slice(0, 5))
        console.log(pc.red(`${vm}: ${ending}: ${message}`));
      console.log(
        `${name}: ${wanted} migrations in ${(moves.wholeMs / 1000).toFixed(1)} s, each ${shownMs(spreadOf(moves.endings.map(({ wholeMs }) => wholeMs)))}, ${failures.length} did not move`,
      );
      const after = herd.cpuMs();
      const each = (name: keyof typeof after): number => Math.round((after[name] - before[name]) / wanted);
      const cpuMs = { worker: each('worker'), temporal: each('temporal'), datacenter: each('datacenter') };
      console.log(
        `${name}: CPU time of a migration: worker ${cpuMs.worker} ms, Temporal ${cpuMs.temporal} ms, datacenter ${cpuMs.datacenter} ms; its time by part:`,
      );
      const parts = await partsOf(drover, moves.endings);
      for (const [part, ms] of Object.entries(parts)) console.log(`  ${part.padEnd(30)}${ms} ms`);
      const wrong = await aftermath(herd, moves.endings);
      const convictions = await herd.control.ask('audit', {
        operations: moves.endings.map(({ workflowId, vm, ending }) => ({
          workflowId,
          vm,
          ending,
          restartedFromDisk: false,
        })),
        triggers: [],
        held: [],
      });
      for (const { kind, message } of convictions.slice(0, 5))
        console.log(pc.red(`convicted: ${kind}: ${message}`));
      const { nowMiB, highestMiB } = herd.workerMemory();
      return {
        ...size,
        listings: listed,
        commands,
        moves,
        parts,
        cpuMs,
        failed: failures.length,
        workerMiB: nowMiB,
        workerIdleMiB,
        workerHighestMiB: highestMiB,
        convictions: convictions.length,
        wrong,
      };
    } catch (error) {
      console.error(herd.logs());
      throw error;
    }
  }
}

function figuresOf(measured: Measured) {
  const { hosts, vms, listings: listed, moves, failed, workerMiB, workerHighestMiB, convictions } = measured;
  const migrations = moves.endings.length;
  return {
    hosts,
    vms,
    migrations,
    migrationsPerSecond: Number(((migrations * 1000) / moves.wholeMs).toFixed(2)),
    workerMiB,
    convictions,
    wrongAfterwards: measured.wrong.length,
    notMoved: failed,
    listMs: Math.round(listed.list.median),
    statsMs: Math.round(listed.stats.median),
    getHostsMs: measured.commands.hosts,
    getVmsMs: measured.commands.vms,
    migrationMs: Math.round(spreadOf(moves.endings.map(({ wholeMs }) => wholeMs)).median),
    workerHighestMiB,
    workerIdleMiB: measured.workerIdleMiB,
    migrationParts: measured.parts,
    migrationCpuMs: measured.cpuMs,
  };
}

function growthOf(all: readonly Measured[]): string {
  const range = ({ median, min, max }: Spread): string =>
    `${median.toFixed(0)} (${min.toFixed(0)}-${max.toFixed(0)})`;
  const head = ['HOSTS', 'VMS', 'LIST MS', 'WITH CPU USE ANEW MS', 'GET VMS MS', 'MIGRATIONS', 'A SECOND'];
  const more = ['EACH MS', 'CPU MS EACH (WORKER, TEMPORAL)', 'WORKER MIB (IDLE-HIGHEST)', 'CONVICTIONS'];
  const rows = all.map((each) => {
    const figures = figuresOf(each);
    const { workerMiB, workerIdleMiB, workerHighestMiB } = figures;
    return [
      figures.hosts,
      figures.vms,
      range(each.listings.list),
      range(each.listings.stats),
      figures.getVmsMs,
      figures.migrations,
      figures.migrationsPerSecond,
      figures.migrationMs,
      `${each.cpuMs.worker}, ${each.cpuMs.temporal}`,
      `${workerMiB} (${workerIdleMiB}-${workerHighestMiB})`,
      figures.convictions,
    ].map(String);
  });
  return tableOf([[...head, ...more], ...rows]);
}

async function printConditions({ rate, atOnce }: { rate: number; atOnce: number }): Promise<void> {
  const { version } = await findTemporalBinary({ report: () => {} });
  const gib = Math.round(totalmem() / 2 ** 30);
  const lines = [
    [
      'machine',
      `${cpus().length} x ${cpus()[0]?.model ?? arch()}, ${gib} GiB, Linux ${release()}, load ${loadavg()[0]?.toFixed(1)}`,
    ],
    ['versions', `Node ${process.versions.node}, ${version}`],
    ['clock', `the simulated time runs ${rate} times as fast as the world's`],
    [
      'load',
      `${atOnce} migrations under way at one time; VMs of 1 to 4 GiB, copied at up to 1,000 MiB/s of simulated time`,
    ],
    ['all on', 'this one machine: the datacenter, Temporal with SQLite, one worker, and the client'],
  ];
  for (const [name = '', value = ''] of lines) console.log(`${name.padEnd(10)}${value}`);
}

function sizeOf(text: string): Size {
  const [, hosts, vms] = /^(\d+)x(\d+)$/.exec(text) ?? [];
  if (!hosts || !vms) throw new Error(`--sizes ${text}: must be HOSTSxVMS, such as 100x2000`);
  return { hosts: wholeNumber('--sizes', hosts), vms: wholeNumber('--sizes', vms) };
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`${name} ${text}: must be a whole number above 0`);
  return value;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`${pc.red('error:')} ${(error as Error).stack}`);
  process.exitCode = 1;
}
