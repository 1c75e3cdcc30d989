/**
 * `npm run bench:cli [-- --runs 15 --json]`: how long a person waits for the command line: `drover --help`, and lists of
 * 500 VMs on a simulated datacenter with real Temporal and a real worker. Each run is a process of its own, from its
 * start to its end.
 *
 * With --json the last line is one object of medians: `helpMs`, `getMs` (`get vms`), `getJsonMs`, `topMs`, `getClustersMs`,
 * `completeMs` (an operation's id, asked anew), and under `spread` each with its least and most.
 */
import { rmSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { execa } from 'execa';
import { readSettings } from '../settings/read.ts';
import { stateFolder } from '../settings/state-folder.ts';
import { readOptions } from '../setup/options.ts';
import { Herd } from './simulated-herd.ts';
import { shownMs, spreadOf, type Spread } from './spread.ts';

const values = readOptions(
  new Command('npm run bench:cli --')
    .description('How long a person waits for the command line.')
    .option('--runs <n>', 'of each command', '15')
    .option('--json', 'end with the figures as one line'),
).opts<{ runs: string; json?: true }>();
const runs = Math.max(1, Number.parseInt(values.runs, 10) || 15);
const size = { hosts: 25, vms: 500 };
const cli = fileURLToPath(new URL('../client/cli/drover.ts', import.meta.url));

interface Run {
  readonly args: readonly string[];
  /** Whether it answered what was asked; a quick wrong answer is no measurement. */
  readonly isRight: (answer: string) => boolean;
  readonly before?: () => void;
}

async function timesOf(name: string, { args, isRight, before }: Run): Promise<Spread> {
  const times: number[] = [];
  for (let run = 0; run <= runs; run++) {
    before?.();
    const startedAt = performance.now();
    const { stdout } = await execa(process.execPath, [cli, ...args]);
    const tookMs = performance.now() - startedAt;
    if (!isRight(stdout)) throw new Error(`drover ${args.join(' ')} answered:\n${stdout.slice(0, 2000)}`);
    // The first one finds cold files, and a worker that has not measured any load yet.
    if (run > 0) times.push(tookMs);
  }
  const spread = spreadOf(times);
  console.log(`${name.padEnd(28)}${shownMs(spread)}`);
  return spread;
}

const rows = (answer: string): number => answer.split('\n').length - 1;

async function main(): Promise<void> {
  console.log(
    `conditions: ${cpus().length} x ${cpus()[0]?.model ?? '?'}, load ${loadavg()[0]?.toFixed(1)}, Node ${process.version}; ${size.hosts} hosts, ${size.vms} VMs, Temporal and a worker on this machine`,
  );
  const help = await timesOf('drover --help', {
    args: ['--help'],
    isRight: (answer) => answer.includes('Exit codes'),
  });
  await using herd = await Herd.start(size, 1);
  const vm = herd.spec.vms[0]?.name ?? '';
  const operation = await herd.running.drover.start('settleVm', { vm });
  await operation.result();
  const asked = (...args: string[]): string[] => ['-s', herd.settingsFile, ...args];
  const get = await timesOf('drover get vms', {
    args: asked('get', 'vms'),
    isRight: (answer) => rows(answer) === size.vms,
  });
  const getJson = await timesOf('drover get vms -o json', {
    args: asked('get', 'vms', '-o', 'json'),
    isRight: (answer) => (JSON.parse(answer) as unknown[]).length === size.vms,
  });
  const top = await timesOf('drover top hosts', {
    args: asked('top', 'hosts'),
    isRight: (answer) => rows(answer) === size.hosts,
  });
  const clusters = await timesOf('drover get clusters', {
    args: asked('get', 'clusters'),
    isRight: (answer) => answer.includes(`${size.vms}`),
  });
  const kept = join(stateFolder(readSettings(herd.settingsFile)), 'completion-operations.json');
  const complete = await timesOf('completion of an id', {
    args: ['complete', '--', ...asked('watch', '')],
    isRight: (answer) => answer.startsWith(operation.workflowId),
    before: () => rmSync(kept, { force: true }),
  });
  if (!values.json) return;
  const all = { help, get, getJson, top, getClusters: clusters, complete };
  const medians = Object.entries(all).map(([name, { median }]) => [`${name}Ms`, Math.round(median)] as const);
  console.log(JSON.stringify({ ...Object.fromEntries(medians), vms: size.vms, runs, spread: all }));
}

await main();
