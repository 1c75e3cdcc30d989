/** `settleVm` with real records: a doubt that an operation left is ended, and the VM is free for the next. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createRecordActivities,
  recordsOfContext,
} from '../../activities/records/create-record-activities.ts';
import { temporalRecords } from '../../activities/records/temporal-records.ts';
import type { FoundCopies } from '../../activities/settle/find-copies.ts';
import { createSettleActivities } from '../../activities/settle/settle-activities.ts';
import type { Claimant } from '../../model/vm-record.ts';
import { failureOf } from './failure-of.ts';
import { datacenter, moved, startStandInWorker, type StandInWorker } from './stand-in-worker.ts';

const uuid = '9f0c7d2e-6f0b-4d0a-9a51-0d5bb6d1c7aa';
let found: FoundCopies = { copies: [], silent: [] };
let worker: StandInWorker;
beforeAll(async () => {
  worker = await startStandInWorker({
    ...createRecordActivities(),
    ...createSettleActivities(recordsOfContext),
    findCopies: async () => found,
  });
});
afterAll(() => worker?.[Symbol.asyncDispose]());

/** An operation began to move the VM, and ended without knowing where that left it. */
async function leaveInDoubt(vm: string): Promise<number> {
  const records = temporalRecords(worker.temporal);
  const claimant: Claimant = { workflowId: `migrate-vm/${vm}/1`, kind: 'migrateVm', rank: 'balance' };
  const answer = await records.acquire({ vm, claimant });
  if (answer.kind !== 'granted') throw new Error(`it was ${answer.kind}`);
  const { epoch } = answer;
  const { workflowId } = claimant;
  const move = { uuid, datacenter, from: 'host1', to: 'host2', wasPaused: false };
  await records.confirm({ vm, workflowId, epoch, attempt: 'one', move });
  const doubt = 'host1 did not answer';
  await records.release({ vm, workflowId, epoch, outcome: 'inDoubt', message: doubt, doubt });
  return epoch;
}

test('by its hosts', async () => {
  const epoch = await leaveInDoubt('doubted1');
  expect(await worker.drover.holderOf('doubted1')).toBeUndefined();
  worker.answerWith({ moveVm: async () => moved });
  const operation = await worker.drover.start('settleVm', { vm: 'doubted1' });
  expect(await operation.result()).toMatchObject({ outcome: 'settled', host: 'host2' });
  const record = await worker.drover.vmRecord('doubted1');
  expect(record).toMatchObject({
    epoch: epoch + 1,
    operations: [{ kind: 'settleVm', outcome: 'settled' }, {}],
  });
  expect(record?.lease).toBeUndefined();
  expect(record?.lastMovedAt).toBeDefined();
});

test('what hosts do not say stays in doubt, with the move and the reason; a person’s word ends it', async () => {
  await leaveInDoubt('doubted2');
  worker.answerWith({ moveVm: async () => ({ ...moved, outcome: 'inDoubt', reason: 'host1 is silent' }) });
  const failure = await failureOf(await worker.drover.start('settleVm', { vm: 'doubted2' }));
  expect(failure.type).toBe('NeedsOperator');
  expect((await worker.drover.vmRecord('doubted2'))?.lease).toMatchObject({
    state: 'inDoubt',
    doubt: failure.message,
    holder: { kind: 'settleVm' },
    move: { uuid, from: 'host1', to: 'host2' },
  });

  found = { copies: [], silent: [{ host: 'host1', cluster: 'berlin' }], clusterOfHost: 'berlin' };
  const operation = await worker.drover.start('settleVm', { vm: 'doubted2', runsOn: 'host1' });
  expect(await operation.result()).toMatchObject({ outcome: 'settled', host: 'host1' });
  expect((await worker.drover.vmRecord('doubted2'))?.lease).toBeUndefined();
});

test('while one settles, another is refused and named, and what they hold is told', async () => {
  const epoch = await leaveInDoubt('doubted3');
  const { promise, resolve } = Promise.withResolvers<typeof moved>();
  const asked = Promise.withResolvers<void>();
  worker.answerWith({
    moveVm: () => {
      asked.resolve();
      return promise;
    },
  });
  const first = await worker.drover.start('settleVm', { vm: 'doubted3' });
  const { workflowId } = first;
  const listed = { workflowId, type: 'settleVm', status: 'RUNNING', startedAt: '', vm: 'doubted3' };
  try {
    await asked.promise;
    expect((await worker.drover.holderOf('doubted3'))?.workflowId).toBe(workflowId);
    const claims = await worker.drover.claims([listed]);
    expect(claims.get(workflowId)).toMatchObject({ kind: 'holds', epoch: epoch + 1 });
    const failure = await failureOf(await worker.drover.start('settleVm', { vm: 'doubted3' }));
    expect(failure).toMatchObject({ type: 'VmBusy', details: { workflowId } });
  } finally {
    resolve(moved);
    await first.result();
  }
});
