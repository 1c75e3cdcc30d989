/** Whatever runs out of time ends by a name of the closed list, and a move only when both hosts were asked again. */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MoveVmReport, MoveVmRequest } from '../../activities/move-vm.ts';
import { failureOf } from './failure-of.ts';
import { datacenter, moved, startStandInWorker, type StandInWorker } from './stand-in-worker.ts';

let worker: StandInWorker;
beforeAll(async () => {
  worker = await startStandInWorker();
});
afterAll(() => worker?.[Symbol.asyncDispose]());

const lost = async (): Promise<never> => {
  throw new Error('the connection to host1 was lost');
};

test('a check that fails until its time is over ends as BudgetSpent, with what was tried and the last failure', async () => {
  worker.answerWith({ checkMigration: lost });
  const failure = await failureOf(await worker.drover.start('migrateVm', { vm: 'spent1' }));
  expect(failure.type).toBe('BudgetSpent');
  expect(failure.message).toMatch(/check.*spent1.*standin.*2 s.*the connection to host1 was lost/);
});

test('a datacenter without a worker ends it as BudgetSpent, and says so', async () => {
  worker.answerWith({ readSite: async () => ({ datacenters: ['nobody-there'] }) });
  const failure = await failureOf(await worker.drover.start('migrateVm', { vm: 'spent2' }));
  expect(failure.type).toBe('BudgetSpent');
  expect(failure.message).toMatch(/nobody-there.*worker/);
});

test('a datacenter without a worker keeps no VM of another from its move', async () => {
  worker.answerWith({ readSite: async () => ({ datacenters: ['nobody-there', datacenter] }) });
  const operation = await worker.drover.start('migrateVm', { vm: 'elsewhere1' });
  expect(await operation.result()).toMatchObject({ outcome: 'moved' });
});

test('and where nobody else has the VM, it is named as silent', async () => {
  worker.answerWith({
    readSite: async () => ({ datacenters: ['nobody-there', datacenter] }),
    checkMigration: async () => ({ kind: 'elsewhere', silentHosts: [] }),
  });
  const failure = await failureOf(await worker.drover.start('migrateVm', { vm: 'elsewhere2' }));
  expect(failure).toMatchObject({
    type: 'BudgetSpent',
    message: expect.stringContaining('all hosts of nobody-there, where no worker answers'),
  });
});

test('a move that is canceled as it meets the migration of somebody else leaves that alone', async () => {
  const orders: MoveVmRequest[] = [];
  worker.answerWith({
    moveVm: async (order) => {
      orders.push(order);
      const { cancellationSignal, heartbeat } = Context.current();
      const beating = setInterval(() => heartbeat(), 100);
      await new Promise((resolve) => cancellationSignal.addEventListener('abort', resolve));
      clearInterval(beating);
      throw ApplicationFailure.nonRetryable('it is being migrated by somebody else', 'VmBusy');
    },
  });
  const operation = await worker.drover.start('migrateVm', { vm: 'foreign1' });
  await expect.poll(() => orders).toHaveLength(1);
  await operation.cancel();
  expect((await failureOf(operation)).type).toBe('VmBusy');
  expect(orders).toHaveLength(1);
});

test('a question about the holder or the site that is never answered ends it as BudgetSpent', async () => {
  worker.answerWith({ readSite: lost });
  const failure = await failureOf(await worker.drover.start('migrateVm', { vm: 'spent3' }));
  expect(failure.type).toBe('BudgetSpent');
  expect(failure.message).toContain('the connection to host1 was lost');
});

test('a refusal of the closed list stays what it is', async () => {
  worker.answerWith({
    checkMigration: async () => {
      throw ApplicationFailure.nonRetryable('no host is called host9', 'UnknownHost');
    },
  });
  const failure = await failureOf(await worker.drover.start('migrateVm', { vm: 'spent4' }));
  expect(failure).toMatchObject({ type: 'UnknownHost', message: 'no host is called host9' });
});

test('a failure of another name is told without one', async () => {
  worker.answerWith({
    checkMigration: async () => {
      throw ApplicationFailure.nonRetryable('it broke', 'SomethingElse');
    },
  });
  const failure = await failureOf(await worker.drover.start('migrateVm', { vm: 'spent9' }));
  expect(failure).toMatchObject({ type: undefined, message: 'it broke' });
});

/** A move whose attempts fail until its time is over; `endNow` answers what the test says. */
function spentMove(whenEnding: () => Promise<MoveVmReport>): MoveVmRequest[] {
  const orders: MoveVmRequest[] = [];
  worker.answerWith({
    moveVm: (order) => {
      orders.push(order);
      return order.endNow ? whenEnding() : lost();
    },
  });
  return orders;
}

// The copy's own time, 10 s at least, is part of the move's.
const timeoutSeconds = 10;

test('a move whose time is over is ended, and needs a person when no host says where the VM is', async () => {
  const orders = spentMove(lost);
  const operation = await worker.drover.start('migrateVm', { vm: 'spent5', timeoutSeconds });
  const failure = await failureOf(operation);
  expect(failure.type).toBe('NeedsOperator');
  expect(failure.message).toMatch(/spent5.*host1.*host2.*the connection to host1 was lost/);
  expect(orders.at(-1)).toMatchObject({ endNow: true });
  expect(orders.some(({ endNow }) => endNow !== true)).toBe(true);
});

test('a move whose time is over ends by what both hosts say, where they say it after all', async () => {
  spentMove(async () => ({ ...moved, reattached: true }));
  const first = await worker.drover.start('migrateVm', { vm: 'spent6', timeoutSeconds });
  expect(await first.result()).toMatchObject({ outcome: 'moved' });

  spentMove(async () => ({ ...moved, outcome: 'stayed', reason: 'spent7 runs on host1', canceled: true }));
  const failure = await failureOf(await worker.drover.start('migrateVm', { vm: 'spent7', timeoutSeconds }));
  expect(failure.type).toBe('MigrationAborted');
  expect(failure.message).toMatch(/spent7 runs on host1.*the connection to host1 was lost/);
});

test('a move has the time of its copy and more, however long that is', async () => {
  const day = 86_400;
  worker.answerWith({});
  const operation = await worker.drover.start('migrateVm', { vm: 'spent8', timeoutSeconds: day });
  await operation.result();
  const { events } = await worker.temporal.workflow.getHandle(operation.workflowId).fetchHistory();
  const order = events
    ?.map((event) => event.activityTaskScheduledEventAttributes)
    .find((scheduled) => scheduled?.activityType?.name === 'moveVm');
  expect(Number(order?.startToCloseTimeout?.seconds)).toBeGreaterThan(day);
  expect(Number(order?.scheduleToCloseTimeout?.seconds)).toBeGreaterThan(day);
});
