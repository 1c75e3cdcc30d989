/** What `settleVm` makes of a lease that is in doubt, and of what the hosts say. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { CancelledFailure, Context } from '@temporalio/activity';
import type { MoveVmRequest } from '../../activities/move-vm.ts';
import type { LetGoOfAll, RecordActivities } from '../../activities/records/record-activities.ts';
import type { FoundCopies, FoundCopy } from '../../activities/settle/find-copies.ts';
import type { SettleActivities, SettleHostActivities } from '../../activities/settle/settle-activities.ts';
import { OperationCanceled } from '../../client/errors.ts';
import { searchAttributes } from '../../model/operations.ts';
import type { AcquireVm, Lease, MoveUnderWay } from '../../model/vm-record.ts';
import { failureOf } from './failure-of.ts';
import { datacenter, moved, startStandInWorker, until, type StandInWorker } from './stand-in-worker.ts';

const uuid = '9f0c7d2e-6f0b-4d0a-9a51-0d5bb6d1c7aa';
const move: MoveUnderWay = { uuid, datacenter, from: 'host1', to: 'host2', wasPaused: false, notes: [] };
const holder = { workflowId: 'migrate-vm/web1/1', kind: 'migrateVm', rank: 'balance' } as const;
const since = '2026-11-24T10:00:00.000Z';
const heldLease: Lease = { holder, epoch: 4, since, state: 'held', attempt: 1 };
const doubted: Lease = { ...heldLease, state: 'inDoubt', doubt: 'host1 did not answer', move };

function copy(host: string, state: FoundCopy['state'], stateReason = ''): FoundCopy {
  const toEnd = `virsh -c qemu+tcp://${host}/system destroy ${uuid}`;
  return {
    host,
    cluster: 'berlin',
    uuid,
    state,
    stateReason,
    isMoving: false,
    toEnd,
    toRemove: toEnd.replace('destroy', 'undefine'),
  };
}

/** What the record and the hosts of each test say, and what the record was asked. */
let lease: Lease | undefined;
let hasRecord: boolean;
let isHolderRunning: boolean;
/** The lease was taken between the look and the request, by an operation that comes after a person's. */
let isQueued: boolean;
let found: FoundCopies;
let acquired: AcquireVm[];
let released: LetGoOfAll[];
beforeEach(() => {
  lease = undefined;
  hasRecord = true;
  isHolderRunning = false;
  isQueued = false;
  found = { copies: [], silent: [], clusterOfHost: 'berlin' };
  acquired = [];
  released = [];
  worker.answerWith({
    moveVm: async () => {
      throw new Error('nothing is to be moved here');
    },
  });
});

/** A record that keeps its contract: a lease that is held or in doubt is granted to who takes that one over. */
const standIns: Partial<RecordActivities> & SettleActivities & SettleHostActivities = {
  readLease: async () => (hasRecord ? (lease && !isQueued ? { lease } : {}) : undefined),
  acquireVm: async (request) => {
    acquired.push(request);
    if (isQueued && lease && request.takeOver !== lease.epoch)
      return { kind: 'queued', place: 1, holder: lease };
    if (lease && request.takeOver !== lease.epoch) return { kind: 'refused', holder: lease };
    return { kind: 'granted', epoch: 5, ...(lease?.move ? { unsettled: lease.move } : {}) };
  },
  isRunning: async () => isHolderRunning,
  letGoOfAll: async (request) => void released.push(request),
  findCopies: async () => found,
};

let worker: StandInWorker;
beforeAll(async () => {
  worker = await startStandInWorker(standIns);
});
afterAll(() => worker?.[Symbol.asyncDispose]());

test('a VM that nobody doubts: nothing to do, with where it is', async () => {
  found = { copies: [copy('host1', 'running')], silent: [{ host: 'host3', cluster: 'berlin' }] };
  const operation = await worker.drover.start('settleVm', { vm: 'web1' });
  const result = await operation.result();
  expect(result).toMatchObject({ outcome: 'nothingToDo', host: 'host1' });
  expect(result.message).toContain('web1 is on host1: running on host1 (no answer from host3)');
  expect(released).toMatchObject([{ vm: { epoch: 5, outcome: 'nothingToDo', host: 'host1' }, hosts: [] }]);
  expect(released[0]?.vm?.doubt).toBeUndefined();
});

test('a name that no host knows is refused, and leaves no record', async () => {
  hasRecord = false;
  const failure = await failureOf(await worker.drover.start('settleVm', { vm: 'wbe1' }));
  expect(failure).toMatchObject({ type: 'UnknownVm' });
  expect(acquired).toEqual([]);
});

test('while its operation runs it is refused by name, and the record is not even asked', async () => {
  lease = heldLease;
  isHolderRunning = true;
  const failure = await failureOf(await worker.drover.start('settleVm', { vm: 'web1' }));
  expect(failure).toMatchObject({ type: 'VmBusy', details: holder });
  expect(failure.message).toContain('drover watch migrate-vm/web1/1');
  expect(acquired).toEqual([]);
});

test('it waits for nobody: a place in the queue is left again', async () => {
  lease = heldLease;
  isHolderRunning = true;
  isQueued = true;
  const operation = await worker.drover.start('settleVm', { vm: 'web1' });
  expect(await failureOf(operation)).toMatchObject({ type: 'VmBusy', details: holder });
  expect(acquired).toHaveLength(1);
  expect(released).toMatchObject([{ vm: { workflowId: operation.workflowId }, hosts: [] }]);
  expect(released[0]?.vm?.epoch).toBeUndefined();
});

test('a doubt that began between the look and the request is taken over all the same', async () => {
  lease = doubted;
  isQueued = true;
  worker.answerWith({ moveVm: async () => moved });
  const operation = await worker.drover.start('settleVm', { vm: 'web1' });
  expect(await operation.result()).toMatchObject({ outcome: 'settled', host: 'host2' });
  expect(acquired.map(({ takeOver }) => takeOver)).toEqual([undefined, 4]);
});

test('a move whose operation has ended is ended, and the lease comes free with where the VM is', async () => {
  lease = { ...heldLease, move };
  const orders: MoveVmRequest[] = [];
  worker.answerWith({
    moveVm: async (order) => {
      orders.push(order);
      return moved;
    },
  });
  const operation = await worker.drover.start('settleVm', { vm: 'web1', reason: 'it hung' });
  expect(await operation.result()).toMatchObject({ outcome: 'settled', host: 'host2', reason: 'it hung' });
  expect(orders).toMatchObject([{ vm: { name: 'web1', uuid }, from: 'host1', to: 'host2', endNow: true }]);
  expect(acquired).toMatchObject([
    { takeOver: 4, claimant: { kind: 'settleVm', rank: 'person', reason: 'it hung' } },
  ]);
  expect(released).toMatchObject([
    {
      vm: { outcome: 'settled', host: 'host2', hasMoved: true },
      // What the last holder held on both hosts is free too.
      hosts: [
        { host: 'host1', workflowId: holder.workflowId },
        { host: 'host2', workflowId: holder.workflowId },
      ],
    },
  ]);
});

test('a host that never answers keeps the doubt, with the reason and both ways on', async () => {
  lease = doubted;
  worker.answerWith({
    moveVm: async () => {
      throw new Error('host1 does not answer');
    },
  });
  const operation = await worker.drover.start('settleVm', { vm: 'web1' });
  const failure = await failureOf(operation);
  expect(failure.type).toBe('NeedsOperator');
  expect(failure.message).toMatch(
    /host1 does not answer.*drover settle web1.*drover settle web1 --runs-on HOST/,
  );
  expect(released).toMatchObject([{ vm: { outcome: 'inDoubt', doubt: failure.message }, hosts: [] }]);
  const { typedSearchAttributes } = await worker.temporal.workflow.getHandle(operation.workflowId).describe();
  const attributes = new Map(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
  expect(attributes.get(searchAttributes.needsOperator)).toBe(true);
  expect(attributes.get(searchAttributes.state)).toBe('needsOperator');
});

test('two that run are left alone: the commands to end one by hand, and to settle again', async () => {
  lease = doubted;
  worker.answerWith({ moveVm: async () => ({ ...moved, outcome: 'both', reason: 'two copies run' }) });
  found = { copies: [copy('host1', 'running'), copy('host2', 'running')], silent: [] };
  const failure = await failureOf(await worker.drover.start('settleVm', { vm: 'web1' }));
  expect(failure.type).toBe('NeedsOperator');
  for (const host of ['host1', 'host2'])
    expect(failure.message).toContain(
      `the one on ${host}: virsh -c qemu+tcp://${host}/system destroy ${uuid}`,
    );
  expect(failure.message).toMatch(/drover settle web1$/);
  expect(released).toMatchObject([{ vm: { doubt: failure.message } }]);
});

test('a VM that a person started on a third host is found there', async () => {
  lease = doubted;
  worker.answerWith({ moveVm: async () => ({ ...moved, outcome: 'none', reason: 'neither has it' }) });
  found = { copies: [copy('host3', 'running'), copy('host1', 'off', 'migrated')], silent: [] };
  const operation = await worker.drover.start('settleVm', { vm: 'web1' });
  const result = await operation.result();
  expect(result).toMatchObject({ outcome: 'settled', host: 'host3' });
  expect(result.message).toContain(`on host1 (off): virsh -c qemu+tcp://host1/system undefine ${uuid}`);
});

test('a VM that is gone from every host is no longer in doubt', async () => {
  lease = doubted;
  worker.answerWith({ moveVm: async () => ({ ...moved, outcome: 'none', reason: 'neither has it' }) });
  const failure = await failureOf(await worker.drover.start('settleVm', { vm: 'web1' }));
  expect(failure.type).toBe('UnknownVm');
  expect(released[0]?.vm?.doubt).toBeUndefined();
});

test("a person's word covers a host that is silent, and nothing is touched", async () => {
  lease = doubted;
  found = { copies: [], silent: [{ host: 'host1', cluster: 'berlin' }], clusterOfHost: 'berlin' };
  const operation = await worker.drover.start('settleVm', { vm: 'web1', runsOn: 'host1' });
  expect(await operation.result()).toMatchObject({ outcome: 'settled', host: 'host1' });
  expect(released).toMatchObject([{ vm: { outcome: 'settled', host: 'host1' } }]);
});

test("a person's word is refused where another host answers that it runs there, and the doubt stays as it was", async () => {
  lease = doubted;
  found = { ...found, copies: [copy('host2', 'running')], silent: [{ host: 'host1', cluster: 'berlin' }] };
  const failure = await failureOf(await worker.drover.start('settleVm', { vm: 'web1', runsOn: 'host1' }));
  expect(failure.type).toBe('CheckFailed');
  expect(failure.message).toContain('it runs elsewhere: running on host2');
  expect(released).toMatchObject([{ vm: { doubt: 'host1 did not answer' }, hosts: [] }]);
});

test('a host that the settings do not name is refused', async () => {
  lease = doubted;
  found = { copies: [], silent: [] };
  const failure = await failureOf(await worker.drover.start('settleVm', { vm: 'web1', runsOn: 'host9' }));
  expect(failure.type).toBe('UnknownHost');
  expect(released).toMatchObject([{ vm: { doubt: 'host1 did not answer' } }]);
});

test('canceled while hosts are asked, it leaves the lease in doubt as it was', async () => {
  lease = doubted;
  let isAsked = false;
  worker.answerWith({
    moveVm: async () => {
      isAsked = true;
      const beats = setInterval(() => Context.current().heartbeat(), 100);
      try {
        return await Context.current().cancelled;
      } catch (error) {
        if (!(error instanceof CancelledFailure)) throw error;
        throw new Error('host1 does not answer', { cause: error });
      } finally {
        clearInterval(beats);
      }
    },
  });
  const operation = await worker.drover.start('settleVm', { vm: 'web1' });
  await until('the question to the hosts', async () => (isAsked ? true : undefined));
  expect((await operation.look()).status).toMatchObject({ step: 'settling', from: 'host1', to: 'host2' });
  await operation.cancel();
  const end = await operation.result().catch((error: unknown) => error);
  expect(end).toBeInstanceOf(OperationCanceled);
  expect(released).toMatchObject([{ vm: { outcome: 'canceled', doubt: 'host1 did not answer' } }]);
});

test('input that is wrong fails at once, with what is allowed', async () => {
  const failure = await failureOf(await worker.drover.start('settleVm', { vm: '--all' }));
  expect(failure.type).toBe('InvalidInput');
  expect(failure.message).toContain('allowed keys: vm, runsOn, reason');
});
