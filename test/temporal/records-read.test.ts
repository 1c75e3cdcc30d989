/** Records as a client reads them, where there is none, and where no worker answers. */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { exitCodes } from '../../client/cli/exit-codes.ts';
import { exitCodeOf } from '../../client/cli/exit.ts';
import { Drover } from '../../client/drover.ts';
import { hostRecordId, recordWorkflows, vmRecordId } from '../../model/operations.ts';
import { settingsFor } from '../workflows/stand-in-worker.ts';

let drover: Drover;
let connection: Connection;
let temporal: Client;
beforeAll(async () => {
  const address = inject('temporalAddress');
  drover = await Drover.connect(settingsFor(address));
  connection = await Connection.connect({ address });
  temporal = new Client({ connection });
});
afterAll(async () => {
  await drover?.[Symbol.asyncDispose]();
  await connection?.close();
});

/** A workflow that no worker takes. */
async function untaken(type: string, workflowId: string): Promise<AsyncDisposable> {
  const handle = await temporal.workflow.start(type, { workflowId, taskQueue: 'nobody-works-here' });
  return { [Symbol.asyncDispose]: async () => void (await handle.terminate()) };
}

test('there is none', async () => {
  expect(await drover.vmRecord('unseen1')).toBeUndefined();
  expect(await drover.hostRecord('unseen1')).toBeUndefined();
  expect(await drover.holderOf('unseen1')).toBeUndefined();
});

test('one that was terminated is none', async () => {
  const record = await untaken(recordWorkflows.vm, vmRecordId('unseen2'));
  await record[Symbol.asyncDispose]();
  expect(await drover.vmRecord('unseen2')).toBeUndefined();
});

test('while no worker answers that is said, within the time that was given', async () => {
  await using records = new AsyncDisposableStack();
  records.use(await untaken(recordWorkflows.vm, vmRecordId('unseen4')));
  records.use(await untaken(recordWorkflows.host, hostRecordId('unseen4')));
  const limit = { timeoutMs: 500 };
  for (const ask of [
    () => drover.vmRecord('unseen4', limit),
    () => drover.hostRecord('unseen4', limit),
    () => drover.holderOf('unseen4', limit),
    () =>
      drover.claims(
        [{ workflowId: 'x', type: 'migrateVm', status: 'RUNNING', startedAt: '', vm: 'unseen4' }],
        limit,
      ),
  ] satisfies (() => Promise<unknown>)[]) {
    const error = await (ask() as Promise<unknown>).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      name: 'WorkersSilent',
      message: expect.stringContaining('0.5 s') as string,
    });
    expect(exitCodeOf(error)).toBe(exitCodes.unreachable);
  }
});
