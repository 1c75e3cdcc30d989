/**
 * `npm run bench:start [-- --runs 3 --json]`: how long `npm start` takes on a machine that has everything installed, and
 * what the worker holds in memory at rest. The first start on a new machine also installs and builds: it prints the
 * time of each of its steps itself.
 *
 * With --json the last line is one JSON object: `startSeconds`, `workerRestMiB`, medians, and `runs`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { startDrover } from '../demo/drover-process.ts';
import { holdDatacenter } from '../demo/one-start.ts';
import { openLab } from '../lab/lab.ts';
import { readOptions } from '../setup/options.ts';
import { spreadOf } from './spread.ts';

const { runs: wanted, json } = readOptions(
  new Command('npm run bench:start --')
    .description('How long npm start takes, and the memory of the worker at rest.')
    .option('--runs <n>', 'starts', '3')
    .option('--json', 'end with the figures as one line'),
).opts<{ runs: string; json?: true }>();
const runs = Math.max(1, Number.parseInt(wanted, 10) || 3);
const script = fileURLToPath(new URL('../demo/start.ts', import.meta.url));
/** After its first work a worker has loaded all of its code. */
const restMs = 5000;

/** One `npm start -- --once --json`, up to the moment at which the datacenter and Drover stand. */
async function startOnce(): Promise<number> {
  const child = spawn(process.execPath, [script, '--once', '--json', '--yes'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const said: string[] = [];
  child.stdout.on('data', (data: Buffer) => void said.push(data.toString()));
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`npm start -- --once ended with exit code ${code}`);
  const figures = JSON.parse(said.join('').trim().split('\n').at(-1) ?? '') as { startSeconds: number };
  return figures.startSeconds;
}

/** The worker of a lab, after it has listed the hosts, when nobody asks it for anything. */
async function measureRest(): Promise<number> {
  const lab = openLab();
  const held = await holdDatacenter(
    { folder: lab.folder, droverState: lab.droverStateFolder },
    'npm run bench:start',
  );
  try {
    await lab.up();
    await using running = await startDrover(lab.droverYamlPath);
    await running.drover.inventory();
    await pause(restMs);
    return residentMiB(lab.droverStateFolder);
  } finally {
    await lab.down();
    await held.release();
  }
}

function residentMiB(stateFolder: string): number {
  const { pid } = JSON.parse(readFileSync(join(stateFolder, 'run', 'worker.json'), 'utf8')) as {
    pid: number;
  };
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024);
}

const load = loadavg()[0]?.toFixed(1);
console.log(`conditions: ${cpus().length} cores, load ${load}, Node ${process.version}; all is installed`);
const seconds: number[] = [];
for (let run = 0; run < runs; run++) {
  seconds.push(await startOnce());
  console.log(`start ${run + 1}: ${seconds.at(-1)} s until the datacenter and Drover stand`);
}
const { median, min, max } = spreadOf(seconds);
const workerRestMiB = await measureRest();
console.log(`npm start: ${median} s (${min}-${max}, ${runs} starts)`);
console.log(`worker at rest: ${workerRestMiB} MiB`);
if (json) console.log(JSON.stringify({ startSeconds: median, workerRestMiB, runs }));
