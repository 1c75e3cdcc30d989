/** A bug of our own is no failed step: nothing is undone, and the operation goes on when the worker is mended. */
import { fileURLToPath } from 'node:url';
import { Context } from '@temporalio/activity';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { until } from '../stand-in-worker.ts';
import { bugs, type Bug } from './buggy-example.ts';
import type { DiskActivities } from './example.ts';
import { bundleOf, quietRuntime } from './step-worker.ts';

const taskQueue = 'steps-bug';
/** What each run called, by its workflow id. */
const called: Record<string, string[]> = {};
const calls = (name: string): void => {
  const { workflowExecution } = Context.current().info;
  (called[workflowExecution?.workflowId ?? ''] ??= []).push(name);
};
const activities: DiskActivities = {
  takeLease: async () => calls('takeLease'),
  createDisk: async () => {
    calls('createDisk');
    return 'new';
  },
  deleteDisk: async () => calls('deleteDisk'),
  attachDisk: async () => calls('attachDisk'),
  isAttached: async () => true,
  releaseLease: async () => calls('releaseLease'),
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
  const start = async (bug: Bug): Promise<WorkflowHandle> =>
    client.workflow.start('giveDisk', {
      workflowId: `steps/${bug}/${process.pid}`,
      taskQueue,
      args: [{ bug }],
    });
  const handles = await Promise.all(bugs.map(start));
  const met = await withWorkflowsOf('buggy-example.ts', () =>
    Promise.all(
      handles.map((handle) =>
        until('the workflow task fails', async () => {
          const { events } = await handle.fetchHistory();
          return events?.find((event) => event.workflowTaskFailedEventAttributes)
            ?.workflowTaskFailedEventAttributes?.failure?.message;
        }),
      ),
    ),
  );
  expect(met).toEqual([
    'disk is undefined',
    expect.stringContaining('attach begins while other is under way'),
  ]);
  for (const steps of Object.values(called)) expect(steps).toEqual(['takeLease', 'createDisk']);

  const answers = await withWorkflowsOf('example.ts', () =>
    Promise.all(handles.map((handle) => handle.result())),
  );
  expect(answers).toMatchObject([{ disk: 'new' }, { disk: 'new' }]);
  for (const steps of Object.values(called))
    expect(steps).toEqual(['takeLease', 'createDisk', 'attachDisk', 'releaseLease']);
});
