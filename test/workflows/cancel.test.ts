/** A canceled operation is listed as canceled, and says where its VM is; Temporal keeps no text of a cancellation. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CancelledFailure, Context } from '@temporalio/activity';
import { OperationCanceled } from '../../client/errors.ts';
import type { Operation } from '../../client/operation.ts';
import { searchAttributes } from '../../model/operations.ts';
import { failureOf } from './failure-of.ts';
import { HeldMoves } from './held-moves.ts';
import { moved, startStandInWorker, until, type StandInWorker } from './stand-in-worker.ts';

let worker: StandInWorker;
beforeAll(async () => {
  worker = await startStandInWorker();
});
afterAll(() => worker?.[Symbol.asyncDispose]());

async function messageOfCanceled(operation: Operation): Promise<string> {
  const end = await operation.result().catch((error: unknown) => error);
  expect(end).toBeInstanceOf(OperationCanceled);
  return (end as OperationCanceled).message;
}

async function attribute(operation: Operation, name: string): Promise<unknown> {
  const { typedSearchAttributes } = await worker.temporal.workflow.getHandle(operation.workflowId).describe();
  return typedSearchAttributes.getAll().find(({ key }) => key.name === name)?.value;
}

test('in a move: the VM is where it was', async () => {
  let begun = false;
  worker.answerWith({
    moveVm: async () => {
      begun = true;
      const beats = setInterval(() => Context.current().heartbeat(), 100);
      try {
        await Context.current().cancelled;
      } catch (error) {
        if (!(error instanceof CancelledFailure)) throw error;
      } finally {
        clearInterval(beats);
      }
      return { ...moved, outcome: 'stayed', reason: 'cancel1 runs on host1', canceled: true };
    },
  });
  const operation = await worker.drover.start('migrateVm', { vm: 'cancel1' });
  await until('the order to move', async () => (begun ? true : undefined));
  await operation.cancel();
  expect(await messageOfCanceled(operation)).toMatch(/canceled.*cancel1 is on host1/);
  expect(await attribute(operation, searchAttributes.state)).toBe('canceled');
  expect(await attribute(operation, searchAttributes.host)).toBe('host1');
});

test('one that was restarted from its disk meanwhile says so: Temporal would keep no text of a cancellation', async () => {
  const moves = new HeldMoves();
  worker.answerWith({
    moveVm: async (order) => {
      const report = await moves.moveVm(order);
      return {
        ...report,
        restarted: true,
        reason: 'it was restarted from disk, because neither is the latest',
      };
    },
  });
  const operation = await worker.drover.start('migrateVm', { vm: 'cancel5' });
  await moves.ordered('cancel5');
  await operation.cancel();
  const { type, message } = await failureOf(operation);
  expect(type).toBe('MigrationAborted');
  expect(message).toMatch(/restarted from disk.*it was canceled/);
});

test('before it: nothing was changed', async () => {
  worker.answerWith({ checkMigration: async () => ({ kind: 'elsewhere', silentHosts: ['host1'] }) });
  const operation = await worker.drover.start('migrateVm', { vm: 'cancel2' });
  await until('the silent host in the status', async () => (await operation.look()).trouble);
  await operation.cancel();
  expect(await messageOfCanceled(operation)).toMatch(/canceled.*nothing was changed/);
  expect(await attribute(operation, searchAttributes.state)).toBe('canceled');
});

test('an aborted move leaves its VM listed where it is', async () => {
  worker.answerWith({
    moveVm: async () => ({ ...moved, outcome: 'stayed', reason: 'cancel3 runs on host1', cause: 'too slow' }),
  });
  const operation = await worker.drover.start('migrateVm', { vm: 'cancel3' });
  await expect(operation.result()).rejects.toMatchObject({ type: 'MigrationAborted' });
  expect(await attribute(operation, searchAttributes.host)).toBe('host1');
});
