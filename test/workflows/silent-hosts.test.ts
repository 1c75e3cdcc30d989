/** A VM that is not found while some host is silent may be there: the operation looks again within a budget. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { failureOf } from './failure-of.ts';
import { foundAs, startStandInWorker, until, type StandInWorker } from './stand-in-worker.ts';

let worker: StandInWorker;
beforeAll(async () => {
  worker = await startStandInWorker();
});
afterAll(() => worker?.[Symbol.asyncDispose]());

test('a short silence of its host does not end a move: the VM is looked for until the host answers', async () => {
  let isSilent = true;
  let looks = 0;
  worker.answerWith({
    checkMigration: async ({ vm }) => {
      looks++;
      return isSilent ? { kind: 'elsewhere', silentHosts: ['host1'] } : foundAs(vm);
    },
  });
  const operation = await worker.drover.start('migrateVm', { vm: 'silent1' });
  const trouble = await until('the silent host in the status', async () => (await operation.look()).trouble);
  expect(trouble.message).toContain('host1');
  isSilent = false;
  expect(await operation.result()).toMatchObject({ outcome: 'moved' });
  expect(looks).toBeGreaterThan(1);
});

test('a host that stays silent ends it by name when the time is spent, with the hosts as data and few events', async () => {
  worker.answerWith({
    checkMigration: async () => ({ kind: 'elsewhere', silentHosts: ['host1', 'host3'] }),
  });
  const operation = await worker.drover.start('migrateVm', { vm: 'silent2' });
  const failure = await failureOf(operation);
  expect(failure.type).toBe('BudgetSpent');
  expect(failure.message).toMatch(/silent2.*host1, host3.*3 s/);
  expect(failure.details).toMatchObject({ silentHosts: ['host1', 'host3'] });
  const { events } = await worker.temporal.workflow.getHandle(operation.workflowId).fetchHistory();
  expect(events?.length).toBeLessThan(250);
});

test('when all hosts answer and none has it, the VM is unknown at once', async () => {
  let looks = 0;
  worker.answerWith({
    checkMigration: async () => {
      looks++;
      return { kind: 'elsewhere', silentHosts: [] };
    },
  });
  const failure = await failureOf(await worker.drover.start('migrateVm', { vm: 'silent3' }));
  expect(failure).toMatchObject({ type: 'UnknownVm' });
  expect(looks).toBe(1);
});

test('a move can be canceled while it looks again', async () => {
  worker.answerWith({ checkMigration: async () => ({ kind: 'elsewhere', silentHosts: ['host1'] }) });
  const operation = await worker.drover.start('migrateVm', { vm: 'silent4' });
  await until('the silent host in the status', async () => (await operation.look()).trouble);
  await operation.cancel();
  await expect(operation.result()).rejects.toMatchObject({ name: 'OperationCanceled' });
});
