/** A new version of Drover takes over while a VM moves; and an earlier one again. */
import { fileURLToPath } from 'node:url';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OperationCanceled } from '../../client/errors.ts';
import type { Operation } from '../../client/operation.ts';
import type { MigrateVmResult } from '../../model/migrate-vm.ts';
import { openReplayedText, replayOpen } from '../../worker/replay-open.ts';
import { workflowsPath } from '../../worker/run-worker.ts';
import { Cell } from './cell.ts';
import { datacenters } from './datacenters.ts';

const nextVersion = fileURLToPath(new URL('./next-version.ts', import.meta.url));
const unfit = fileURLToPath(new URL('../replay/changed-order.ts', import.meta.url));
/** So that a copy has a middle. */
const slowly = { bandwidthMiBps: 16 };

let cell: Cell;
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  cell = await Cell.start();
}, 60_000);
afterAll(() => cell?.[Symbol.asyncDispose]());

async function moveTo(to: string, bandwidth = slowly): Promise<Operation<MigrateVmResult>> {
  return (await cell.drover()).start('migrateVm', { vm: 'vm3', to, ...bandwidth });
}

async function untilCopied(operation: Operation): Promise<void> {
  await expect
    .poll(async () => (await operation.look()).progress?.processedBytes ?? 0, { timeout: 20_000 })
    .toBeGreaterThan(16 * 1024 ** 2);
}

test('a move that began before it goes on after it, as the one move that it was', async () => {
  cell.simulation.reset(datacenters.small);
  const before = await moveTo('host2');
  await untilCopied(before);
  await cell.upgrade(nextVersion);
  expect(await before.result()).toMatchObject({ outcome: 'moved', from: 'host1', to: 'host2' });

  const after = await moveTo('host1');
  await untilCopied(after);
  // The earlier version does not know the first step of this one: it waits for a version that does.
  await cell.upgrade(workflowsPath);
  expect((await after.look()).isRunning).toBe(true);
  await cell.upgrade(nextVersion);
  expect(await after.result()).toMatchObject({ outcome: 'moved', from: 'host2', to: 'host1' });

  const { datacenter, referee } = cell.simulation;
  const migrations = datacenter.journal.entries.filter(
    (entry) => entry.kind === 'call' && entry.call === 'migrate' && entry.outcome === 'asked',
  );
  expect({ convictions: referee.convictions, migrations: migrations.length }).toEqual({
    convictions: [],
    migrations: 2,
  });
}, 300_000);

test('what would not go on with a version is told before it is there', async () => {
  const { settings } = cell;
  // Open for as long as two replays take, on a busy machine too.
  const open = await moveTo('host3', { bandwidthMiBps: 4 });
  await untilCopied(open);
  const fits = await replayOpen(settings, { workflowsPath: nextVersion });
  expect(fits).toMatchObject({ operations: 1, wouldNotGoOn: [] });
  expect(fits.records).toBeGreaterThan(0);
  const found = await replayOpen(settings, { workflowsPath: unfit });
  expect(found.wouldNotGoOn.map(({ workflowId }) => workflowId)).toContain(open.workflowId);
  expect(openReplayedText(found)).toContain(`${open.workflowId} would not go on`);
  await open.cancel();
  await expect(open.result()).rejects.toBeInstanceOf(OperationCanceled);
}, 300_000);
