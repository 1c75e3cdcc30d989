/**
 * `npm run bench:records [-- --vms 100,2000,10000 --json]`: what VM records cost. For each number of VMs a fresh
 * embedded Temporal server and a fresh worker process: the time in which a survey creates the records, the worker's
 * memory then, an `acquire`, and an `acquire` after the worker that had the record in its memory was killed -9, or
 * froze, with another one ready. The last two once more with Temporal's default workflow task timeout of 10 s instead of
 * Drover's 2 s.
 *
 * With --json the last line is one JSON list, a row for each number of VMs: `records`, `createSeconds`, `workerMiB`,
 * `acquireMs`, `acquireAfterKillMs`, `acquireAfterFreezeMs`, and with the default `acquireAfterKillDefaultMs`,
 * `acquireAfterFreezeDefaultMs`; milliseconds are medians, after a freeze the slowest: only what is handed to the
 * frozen worker meanwhile has to be waited for.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { arch, cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { Command } from 'commander';
import { temporalRecords } from '../activities/records/temporal-records.ts';
import type { Records } from '../activities/records/record-activities.ts';
import { tableOf } from '../client/cli/output.ts';
import { recordWorkflows, taskQueue, vmRecordId } from '../model/operations.ts';
import { readOptions } from '../setup/options.ts';
import { startTestServer } from '../test/support/temporal.ts';
import { BenchWorker } from './records-worker.ts';
import { shownMs, spreadOf, type Spread } from './spread.ts';

const values = readOptions(
  new Command('npm run bench:records --')
    .description('What VM records cost: to create, to keep in memory, to ask, and to ask after a crash.')
    .option('--vms <list>', 'numbers of VMs, one after another', '100,2000,10000')
    .option('--json', 'end with the figures as one line'),
).opts<{ vms: string; json?: true }>();

/** Questions at once while records are created, as by a survey. */
const atOnce = 50;
/** Asked one after another. */
const acquires = 50;
/** Records of each kind that are asked at once after the worker was killed or frozen. */
const orphans = 10;
/** About as long as libvirt's of a small VM. */
const xml = `<domain>${'<device/>'.repeat(500)}</domain>`;

interface Row {
  readonly records: number;
  readonly createSeconds: number;
  readonly workerMiB: number;
  readonly acquireMs: Spread;
  readonly afterKill: Orphaned;
  readonly afterFreeze: Orphaned;
}

/** An `acquire` of records whose worker is gone: milliseconds with Drover's workflow task timeout, and the default. */
interface Orphaned {
  readonly ours: Spread;
  readonly default: Spread;
}

async function measure(vms: number): Promise<Row> {
  const folder = mkdtempSync(join(tmpdir(), 'drover-bench-records-'));
  const server = await startTestServer();
  const port = Number(server.address.split(':')[1]);
  const connection = await Connection.connect({ address: server.address });
  const workers: BenchWorker[] = [];
  const startWorker = async (): Promise<BenchWorker> => {
    const worker = await BenchWorker.start(folder, port);
    workers.push(worker);
    return worker;
  };
  try {
    const client = new Client({ connection });
    const records = temporalRecords(client);
    const names = Array.from({ length: vms }, (_, index) => `vm${index}`);
    const first = await startWorker();
    const startedMs = performance.now();
    await eachOf(names, (vm) => see(records, vm));
    const createSeconds = (performance.now() - startedMs) / 1000;
    const workerMiB = first.residentMiB();
    const every = Math.max(1, Math.floor(vms / acquires));
    const acquireMs: number[] = [];
    for (const vm of names.filter((_, index) => index % every === 0).slice(0, acquires)) {
      acquireMs.push(await acquireMsOf(records, vm));
    }

    let second: BenchWorker | undefined;
    const afterKill = await orphaned(client, 'killed', async () => {
      second = await startWorker();
      await first.kill();
    });
    const afterFreeze = await orphaned(client, 'frozen', async () => {
      await startWorker();
      second?.freeze();
    });
    return { records: vms, createSeconds, workerMiB, acquireMs: spreadOf(acquireMs), afterKill, afterFreeze };
  } finally {
    for (const worker of workers) await worker.kill();
    await connection.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Asks records that the only worker has in its memory, after its end. @param end returns with another one ready */
async function orphaned(client: Client, name: string, end: () => Promise<void>): Promise<Orphaned> {
  const records = temporalRecords(client);
  const ours = Array.from({ length: orphans }, (_, index) => `${name}${index}`);
  const defaults = ours.map((vm) => `${vm}-default`);
  await eachOf(defaults, (vm) =>
    client.workflow.start(recordWorkflows.vm, { workflowId: vmRecordId(vm), taskQueue, args: [{ vm }] }),
  );
  await eachOf([...ours, ...defaults], (vm) => see(records, vm));
  await end();
  const timesOf = (vms: readonly string[]): Promise<number[]> =>
    Promise.all(vms.map((vm) => acquireMsOf(records, vm)));
  const [oursMs, defaultsMs] = await Promise.all([timesOf(ours), timesOf(defaults)]);
  return { ours: spreadOf(oursMs), default: spreadOf(defaultsMs) };
}

function see(records: Records, vm: string): Promise<void> {
  const at = new Date().toISOString();
  const seen = { uuid: vm, host: 'host1', state: 'running', stateReason: 'booted', at };
  return records.see({ vm, seen, xml });
}

async function acquireMsOf(records: Records, vm: string): Promise<number> {
  const claimant = { workflowId: `bench/${vm}`, kind: 'bench', rank: 'person' } as const;
  const startedMs = performance.now();
  const { kind } = await records.acquire({ vm, claimant });
  const ms = performance.now() - startedMs;
  if (kind !== 'granted') throw new Error(`${vm} was ${kind}`);
  await records.release({ vm, workflowId: claimant.workflowId, outcome: 'stayed', message: '' });
  return ms;
}

async function eachOf(names: readonly string[], act: (vm: string) => Promise<unknown>): Promise<void> {
  const left = names.values();
  const ended = await Promise.allSettled(
    Array.from({ length: atOnce }, async () => {
      for (const name of left) await act(name);
    }),
  );
  const failed = ended.find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
}

const gib = Math.round(totalmem() / 2 ** 30);
console.log(
  `conditions: ${cpus().length} x ${cpus()[0]?.model ?? arch()}, ${gib} GiB, load ${loadavg()[0]?.toFixed(1)}, Node ${process.version}; Temporal with SQLite, the workers and the asker on this machine; definitions of ${xml.length} bytes`,
);
const rows: Row[] = [];
for (const vms of values.vms.split(',').map(Number)) {
  if (!Number.isInteger(vms) || vms < 1)
    throw new Error(`--vms ${values.vms}: must be whole numbers above 0`);
  const row = await measure(vms);
  rows.push(row);
  console.log(
    `${vms} records: created in ${row.createSeconds.toFixed(1)} s, worker ${row.workerMiB} MiB, acquire ${shownMs(row.acquireMs)}`,
  );
  for (const [what, { ours, default: byDefault }] of [
    ['after kill -9', row.afterKill],
    ['after a freeze', row.afterFreeze],
  ] as const) {
    console.log(`  ${what}: ${shownMs(ours)}; with a workflow task timeout of 10 s ${shownMs(byDefault)}`);
  }
}
const figures = rows.map(({ records, createSeconds, workerMiB, acquireMs, afterKill, afterFreeze }) => ({
  records,
  createSeconds: Number(createSeconds.toFixed(1)),
  workerMiB,
  acquireMs: Number(acquireMs.median.toFixed(1)),
  acquireAfterKillMs: Math.round(afterKill.ours.median),
  acquireAfterKillDefaultMs: Math.round(afterKill.default.median),
  acquireAfterFreezeMs: Math.round(afterFreeze.ours.max),
  acquireAfterFreezeDefaultMs: Math.round(afterFreeze.default.max),
}));
console.log(
  tableOf([Object.keys(figures[0] ?? {}), ...figures.map((row) => Object.values(row).map(String))]),
);
if (values.json) console.log(JSON.stringify(figures));
