/**
 * `npm run bench:evacuate`: a rack of a simulated datacenter emptied by `maintainHosts`, against the time that caps and
 * bandwidth set: each VM's memory copied at the speed of its hosts, so many at a time, and nothing else. `--help` lists
 * the options.
 */
import { loadavg } from 'node:os';
import { Command } from 'commander';
import pc from 'picocolors';
import { tableOf } from '../client/cli/output.ts';
import { readOptions } from '../setup/options.ts';
import { emptyRack } from './evacuation-run.ts';
import { Histories } from './operation-times.ts';
import { Herd, type Size } from './simulated-herd.ts';

interface Options {
  readonly sizes: string;
  readonly rate: string;
  readonly atOnce: string;
  readonly perHost: string;
  readonly json?: true;
}

const values = readOptions(
  new Command('npm run bench:evacuate --')
    .description('A rack of a simulated datacenter, emptied by Drover.')
    .option('--sizes <list>', 'hosts x VMs, in this order; racks have 20 hosts', '100x2000,1000x20000')
    .option('--at-once <n>', 'moves of the operation at a time', '8')
    .option('--per-host <n>', 'of them to and from one host', '2')
    .option('--rate <r>', 'how many times as fast as the world’s the simulated time runs', '1')
    .option('--json', 'end with the figures as one line; those at its top are the first size’s'),
).opts<Options>();

interface Measured {
  readonly hosts: number;
  readonly vms: number;
  readonly moved: number;
  readonly seconds: number;
  /** What copying alone takes, so many at a time. */
  readonly boundSeconds: number;
  readonly ratioToBound: number;
  readonly planSeconds: number;
  readonly movesPerSecond: number;
  readonly workerMiB: number;
  readonly longestHistoryEvents: number;
  readonly convictions: number;
  readonly wrong: readonly string[];
}

async function main(): Promise<number> {
  const rate = Number(values.rate);
  const atOnce = Number(values.atOnce);
  const perHost = Number(values.perHost);
  console.log(
    `at most ${atOnce} moves at a time, ${perHost} to and from a host; load ${loadavg()[0]?.toFixed(1)}; simulated time ${rate} times as fast`,
  );
  const all: Measured[] = [];
  for (const text of values.sizes.split(',')) {
    const [hosts = 0, vms = 0] = text.split('x').map(Number);
    all.push(await measure({ hosts, vms }));
    console.log(growthOf(all));
  }
  const [first] = all;
  if (values.json && first) console.log(JSON.stringify({ ...first, rate, atOnce, perHost, growth: all }));
  return all.every(({ convictions, wrong }) => convictions + wrong.length === 0) ? 0 : 1;

  async function measure(size: Size): Promise<Measured> {
    console.log(`${size.hosts} hosts, ${size.vms} VMs: starting the datacenter and Drover`);
    await using herd = await Herd.start(size, rate);
    try {
      const run = await emptyRack(herd, {
        rack: 'sw1',
        caps: { perOperation: atOnce, perHostIn: perHost, perHostOut: perHost },
      });
      for (const line of run.wrong.slice(0, 5)) console.log(pc.red(`wrong: ${line}`));
      const moves = run.result.vms.filter(({ verdict }) => verdict === 'moved');
      const convictions = await herd.control.ask('audit', { operations: [], triggers: [], held: [] });
      for (const { kind, message } of convictions.slice(0, 5))
        console.log(pc.red(`convicted: ${kind}: ${message}`));
      await using histories = await Histories.connect(herd.running.drover.target);
      const seconds = run.emptiedMs / 1000;
      const boundSeconds =
        boundOf(
          herd,
          moves.map(({ vm }) => vm),
          atOnce,
        ) / rate;
      return {
        hosts: size.hosts,
        vms: size.vms,
        moved: moves.length,
        seconds: rounded(seconds),
        boundSeconds: rounded(boundSeconds),
        ratioToBound: rounded(seconds / boundSeconds),
        planSeconds: rounded(run.plannedMs / 1000),
        movesPerSecond: rounded(moves.length / seconds),
        workerMiB: herd.workerMemory().highestMiB,
        longestHistoryEvents: await histories.longestOf(run.workflowId),
        convictions: convictions.length,
        wrong: run.wrong,
      };
    } catch (error) {
      console.error(herd.logs());
      throw error;
    }
  }
}

/** Seconds in which the VMs' memory is copied, when so many are copied at any time, each at its host's full speed. */
function boundOf(herd: Herd, vms: readonly string[], atOnce: number): number {
  const moved = new Set(vms);
  const speeds = new Map(herd.spec.hosts.map(({ name, bandwidthMiBps }) => [name, bandwidthMiBps]));
  let seconds = 0;
  for (const { name, host, memoryMiB } of herd.spec.vms)
    if (moved.has(name)) seconds += memoryMiB / (speeds.get(host) ?? 1000);
  return seconds / atOnce;
}

function growthOf(all: readonly Measured[]): string {
  const head = [
    'HOSTS',
    'VMS',
    'MOVED',
    'SECONDS',
    'BOUND',
    'RATIO',
    'PLAN S',
    'MOVES/S',
    'WORKER MIB',
    'EVENTS',
  ];
  const rows = all.map((one) =>
    [
      one.hosts,
      one.vms,
      one.moved,
      one.seconds,
      one.boundSeconds,
      one.ratioToBound,
      one.planSeconds,
      one.movesPerSecond,
      one.workerMiB,
      one.longestHistoryEvents,
    ].map(String),
  );
  return tableOf([head, ...rows]);
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

process.exitCode = await main();
