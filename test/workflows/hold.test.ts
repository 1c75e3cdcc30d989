/** The hold of a VM in the hands of people: ended during a move, or taken by hand. */
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { taskQueue, vmHoldId } from '../../model/operations.ts';
import type { HoldVmInput } from '../../workflows/hold-vm.ts';
import { failureOf } from './failure-of.ts';
import { moved, startStandInWorker, until, type StandInWorker } from './stand-in-worker.ts';

let worker: StandInWorker;
beforeAll(async () => {
  worker = await startStandInWorker();
});
afterAll(() => worker?.[Symbol.asyncDispose]());

/** A move that goes on until the test says how it ends. */
function heldMove() {
  let begun = false;
  const { promise, resolve, reject } = Promise.withResolvers<typeof moved>();
  worker.answerWith({
    moveVm: () => {
      begun = true;
      return promise;
    },
  });
  const beating = until('the order to move', async () => (begun ? true : undefined));
  return { begun: beating, end: () => resolve(moved), fail: reject };
}

test('a move whose hold was terminated ends as it ended, and says so', async () => {
  const move = heldMove();
  const operation = await worker.drover.start('migrateVm', { vm: 'held1' });
  await move.begun;
  await worker.temporal.workflow.getHandle(vmHoldId('held1')).terminate('by hand');
  move.end();
  const result = await operation.result();
  expect(result).toMatchObject({ outcome: 'moved' });
  expect((result as { message: string }).message).toContain(
    `the hold ${vmHoldId('held1')} was ended by somebody`,
  );
});

test('a hold that is gone does not hide why the work failed', async () => {
  const move = heldMove();
  const operation = await worker.drover.start('migrateVm', { vm: 'held2' });
  await move.begun;
  await worker.temporal.workflow.getHandle(vmHoldId('held2')).terminate('by hand');
  move.fail(ApplicationFailure.nonRetryable('no such host', 'UnknownHost'));
  expect(await failureOf(operation)).toMatchObject({ type: 'UnknownHost', message: 'no such host' });
});

test('a hold that somebody took by hand is the holder, told at once', async () => {
  worker.answerWith({});
  const input: HoldVmInput = { vm: 'held3', operation: 'a person' };
  const hold = await worker.temporal.workflow.start('holdVm', {
    workflowId: vmHoldId('held3'),
    taskQueue,
    args: [input],
  });
  try {
    expect((await worker.drover.holderOf('held3'))?.workflowId).toBe(vmHoldId('held3'));
    const failure = await failureOf(await worker.drover.start('migrateVm', { vm: 'held3' }));
    expect(failure.type).toBe('VmBusy');
    expect(failure.message).toContain(vmHoldId('held3'));
    expect(failure.details).toMatchObject({ workflowId: vmHoldId('held3') });
  } finally {
    await hold.terminate();
  }
});

test('a hold that does not end with its operation is waited for with few events, and then told', async () => {
  worker.answerWith({ readHolder: async () => undefined });
  const hold = await worker.temporal.workflow.start('holdVm', {
    workflowId: vmHoldId('held4'),
    taskQueue,
    args: [{ vm: 'held4', operation: 'migrate-vm/held4/ended' }],
  });
  try {
    const operation = await worker.drover.start('migrateVm', { vm: 'held4' });
    const failure = await failureOf(operation);
    expect(failure.type).toBe('VmBusy');
    expect(failure.message).toContain(vmHoldId('held4'));
    const { events } = await worker.temporal.workflow.getHandle(operation.workflowId).fetchHistory();
    expect(events?.length).toBeLessThan(100);
  } finally {
    await hold.terminate();
  }
});
