/** A bug of our own is no failed step: nothing is undone, and the operation goes on when the worker is mended. */
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { until } from '../stand-in-worker.ts';
import type { DiskActivities } from './example.ts';
import { bundleOf, quietRuntime } from './step-worker.ts';

const taskQueue = 'steps-bug';
const called: string[] = [];
const activities: DiskActivities = {
  takeLease: async () => void called.push('takeLease'),
  createDisk: async () => {
    called.push('createDisk');
    return 'new';
  },
  deleteDisk: async () => void called.push('deleteDisk'),
  attachDisk: async () => void called.push('attachDisk'),
  isAttached: async () => true,
  releaseLease: async () => void called.push('releaseLease'),
};

let native: NativeConnection;
let connection: Connection;
beforeAll(async () => {
  quietRuntime();
  const address = inject('temporalAddress');
  native = await NativeConnection.connect({ address });
  connection = await Connection.connect({ address });
});
afterAll(async () => {
  await connection?.close();
  await native?.close();
});

/** While `work` goes on, a worker has the workflows of this file. */
async function withWorkflowsOf<T>(file: string, work: () => Promise<T>): Promise<T> {
  const workflowBundle = await bundleOf(fileURLToPath(new URL(file, import.meta.url)));
  const worker = await Worker.create({
    connection: native,
    taskQueue,
    workflowBundle,
    activities: { ...activities },
  });
  return worker.runUntil(work);
}

test('a bug undoes nothing; mended, the operation comes to its end', async () => {
  const client = new Client({ connection });
  const handle = await client.workflow.start('giveDisk', {
    workflowId: `steps/bug/${process.pid}`,
    taskQueue,
    args: [{}],
  });
  const met = await withWorkflowsOf('buggy-example.ts', () =>
    until('the workflow task fails', async () => {
      const { events } = await handle.fetchHistory();
      return events?.find((event) => event.workflowTaskFailedEventAttributes)
        ?.workflowTaskFailedEventAttributes?.failure?.message;
    }),
  );
  expect(met).toBe('disk is undefined');
  expect(called).toEqual(['takeLease', 'createDisk']);

  const answer = await withWorkflowsOf('example.ts', () => handle.result());
  expect(answer).toMatchObject({ disk: 'new' });
  expect(called).toEqual(['takeLease', 'createDisk', 'attachDisk', 'releaseLease']);
});
