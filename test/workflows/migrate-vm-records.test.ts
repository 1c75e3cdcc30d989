/** `migrateVm` with real records: who has a VM, who waits for it, and what was left of it. */
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  createRecordActivities,
  recordsOfContext,
} from '../../activities/records/create-record-activities.ts';
import type { LetGoOfAll } from '../../activities/records/record-activities.ts';
import { temporalRecords } from '../../activities/records/temporal-records.ts';
import { createSettleActivities } from '../../activities/settle/settle-activities.ts';
import { OperationCanceled } from '../../client/errors.ts';
import type { Operation } from '../../client/operation.ts';
import type { MigrateVmRequest, MigrateVmResult } from '../../model/migrate-vm.ts';
import type { Claimant, VmRecord } from '../../model/vm-record.ts';
import { budgets } from './short-budgets.ts';
import { failureOf } from './failure-of.ts';
import { foundWith, HeldMoves, orCanceled, stayed, terminated, untilWaiting } from './held-moves.ts';
import { datacenter, moved, startStandInWorker, until, type StandInWorker } from './stand-in-worker.ts';

const { letGoOfAll, ...recordActivities } = createRecordActivities();
/** What is refused for good of the requests to let go. */
let isRefused: (request: LetGoOfAll) => boolean;
let worker: StandInWorker;
beforeAll(async () => {
  worker = await startStandInWorker({
    ...recordActivities,
    ...createSettleActivities(recordsOfContext),
    letGoOfAll: (request: LetGoOfAll) => {
      if (isRefused(request)) throw ApplicationFailure.nonRetryable('the record is broken', 'Broken');
      return letGoOfAll(request);
    },
  });
});
afterAll(() => worker?.[Symbol.asyncDispose]());

/** Each test has a VM and two hosts of its own. */
let tests = 0;
let vm: string;
let hosts: { readonly from: string; readonly to: string };
let moves: HeldMoves;
let started: Operation<MigrateVmResult>[];
beforeEach(() => {
  vm = `recorded${++tests}`;
  hosts = { from: `${vm}-source`, to: `${vm}-target` };
  isRefused = () => false;
  started = [];
  willMove(new HeldMoves());
});
// Those that a test has left, because it failed.
afterEach(() => terminated(worker, started));

function willMove(next: HeldMoves): void {
  moves = next;
  worker.answerWith({ moveVm: moves.moveVm, checkMigration: foundWith(hosts) });
}

async function migrate(more: Partial<MigrateVmRequest> = {}): Promise<Operation<MigrateVmResult>> {
  const operation = await worker.drover.start('migrateVm', { vm, ...more });
  started.push(operation);
  return operation;
}

async function readRecord(): Promise<VmRecord> {
  const record = await worker.drover.vmRecord(vm);
  if (!record) throw new Error(`${vm} has no record`);
  return record;
}

function untilFree(): Promise<VmRecord> {
  return until('a free lease', async () => {
    const record = await readRecord();
    return record.lease ? undefined : record;
  });
}

/** An operation began to move the VM, and ended without knowing where that left it. */
async function leaveInDoubt(): Promise<void> {
  const records = temporalRecords(worker.temporal);
  const claimant: Claimant = { workflowId: `migrate-vm/${vm}/1`, kind: 'migrateVm', rank: 'balance' };
  const { workflowId } = claimant;
  const answer = await records.acquire({ vm, claimant });
  if (answer.kind !== 'granted') throw new Error(`it was ${answer.kind}`);
  const { epoch } = answer;
  const move = { uuid: 'u', datacenter, ...hosts, wasPaused: false };
  await records.confirm({ vm, workflowId, epoch, attempt: 'one', move });
  await records.release({ vm, workflowId, epoch, outcome: 'inDoubt', message: '', doubt: 'silence' });
}

/** Which operations moved the VM, in their order; `ended`: what was left of a move was ended, by whomever. */
const byWhom = ({ orders }: HeldMoves): unknown[] => [
  ...new Set(orders.map(({ lease, endNow }) => (endNow ? 'ended' : lease.workflowId))),
];

test('another move of a VM that moves is refused, with the name of the operation that moves it', async () => {
  const first = await migrate();
  await moves.ordered(vm);
  const failure = await failureOf(await migrate());
  expect(failure).toMatchObject({ type: 'VmBusy', details: { workflowId: first.workflowId } });
  expect(failure.message).toContain(first.workflowId);
  moves.end(vm);
  expect(await first.result()).toMatchObject({ outcome: 'moved' });
  expect(byWhom(moves)).toEqual([first.workflowId]);
});

test('one that may wait says for whom, and moves the VM after it', async () => {
  const first = await migrate();
  await moves.ordered(vm);
  const second = await migrate({ wait: true });
  await untilWaiting(second, new RegExp(first.workflowId));
  moves.end(vm);
  expect(await Promise.all([first.result(), second.result()])).toMatchObject([
    { outcome: 'moved' },
    { outcome: 'moved' },
  ]);
  expect(byWhom(moves)).toEqual([first.workflowId, second.workflowId]);
  expect((await readRecord()).lease).toBeUndefined();
});

test('maintenance has the VM before a person who came earlier', async () => {
  const first = await migrate();
  await moves.ordered(vm);
  const person = await migrate({ wait: true });
  await untilWaiting(person, /./);
  const maintenance = await migrate({ rank: 'maintenance' });
  await untilWaiting(maintenance, /./);
  moves.end(vm);
  await Promise.all([first, person, maintenance].map((operation) => operation.result()));
  expect(byWhom(moves)).toEqual([first, maintenance, person].map(({ workflowId }) => workflowId));
});

test('a VM that bears a later epoch than its record knows is moved by one above that, and so is the next time', async () => {
  const borne = 4_000_000_000;
  worker.answerWith({
    moveVm: moves.moveVm,
    checkMigration: async (request) => {
      const found = await foundWith(hosts)(request);
      return found.kind === 'found' ? { ...found, vm: { ...found.vm, epoch: borne } } : found;
    },
  });
  for (const epoch of [borne + 1, borne + 2]) {
    const operation = await migrate();
    await moves.ordered(vm);
    moves.end(vm);
    expect(await operation.result()).toMatchObject({ outcome: 'moved' });
    expect(moves.orders.at(-1)).toMatchObject({ lease: { epoch } });
    const record = await readRecord();
    expect(record).toMatchObject({ epoch });
    expect(record.lease).toBeUndefined();
  }
});

test('what a terminated move has left is ended before the next moves the VM', async () => {
  const first = await migrate();
  await moves.ordered(vm);
  await worker.temporal.workflow.getHandle(first.workflowId).terminate('by hand');
  moves.end(vm);
  const next = await migrate({ wait: true });
  expect(await next.result()).toMatchObject({ outcome: 'moved' });
  expect(byWhom(moves)).toEqual([first.workflowId, 'ended', next.workflowId]);
});

test('where nobody asks, the record finds out that a move was terminated, and has it settled', async () => {
  const first = await migrate();
  await moves.ordered(vm);
  await worker.temporal.workflow.getHandle(first.workflowId).terminate('by hand');
  const { operations } = await untilFree();
  expect(operations.slice(0, 2)).toMatchObject([
    { kind: 'settleVm', outcome: 'settled' },
    { workflowId: first.workflowId, outcome: 'ended' },
  ]);
  expect(byWhom(moves)).toEqual([first.workflowId, 'ended']);
});

test('the settle that a record has begun asks a silent host for longer than one for which a person waits', async () => {
  let firstMs: number | undefined;
  willMove(
    new HeldMoves(async (order) => {
      firstMs ??= performance.now();
      if (performance.now() - firstMs < budgets.endNowMs + 500) throw new Error(`${order.from} is silent`);
      return stayed(order);
    }),
  );
  const first = await migrate();
  await moves.ordered(vm);
  await worker.temporal.workflow.getHandle(first.workflowId).terminate('by hand');
  const { operations } = await untilFree();
  expect(operations[0]).toMatchObject({ kind: 'settleVm', outcome: 'settled' });
});

test('who waits learns of a doubt at once, and settles it', async () => {
  const first = await migrate();
  await moves.ordered(vm);
  const second = await migrate({ wait: true });
  await untilWaiting(second, new RegExp(first.workflowId));
  moves.end(vm, { ...moved, outcome: 'inDoubt', reason: 'the target is silent' });
  expect((await failureOf(first)).type).toBe('NeedsOperator');
  await until('the order to end what was left', async () => moves.orders.find(({ endNow }) => endNow));
  const { events = [] } = await worker.temporal.workflow.getHandle(second.workflowId).fetchHistory();
  const signaled = (events ?? []).flatMap(
    ({ workflowExecutionSignaledEventAttributes: signal }) => signal?.signalName ?? [],
  );
  expect(signaled).toContain('leaseInDoubt');
  await second.cancel();
  await second.result().catch(() => undefined);
});

test('a VM in doubt is settled by the operation that wants to move it', async () => {
  await leaveInDoubt();
  moves.end(vm);
  const operation = await migrate();
  expect(await operation.result()).toMatchObject({ outcome: 'moved' });
  expect(byWhom(moves)).toEqual(['ended', operation.workflowId]);
  expect(moves.orders[0]).toMatchObject({ ...hosts, lease: { workflowId: operation.workflowId } });
});

test('a doubt that can’t be settled stays, with its move and the reason, and needs a person', async () => {
  await leaveInDoubt();
  willMove(new HeldMoves(async () => ({ ...moved, outcome: 'inDoubt', reason: 'the source is silent' })));
  const operation = await migrate();
  const failure = await failureOf(operation);
  expect(failure.type).toBe('NeedsOperator');
  expect(failure.message).toMatch(/the source is silent.*drover settle/);
  const { lease, operations } = await readRecord();
  expect(lease).toMatchObject({ state: 'inDoubt', doubt: 'the source is silent', move: hosts });
  expect(operations[0]).toMatchObject({ workflowId: operation.workflowId, outcome: 'inDoubt' });
});

test('canceled while it settles, it leaves the VM in doubt', async () => {
  await leaveInDoubt();
  willMove(
    new HeldMoves(async (order) => {
      await orCanceled(order, new Promise(() => {}));
      throw new Error('the source is silent');
    }),
  );
  const operation = await migrate();
  await moves.ordered(vm);
  await operation.cancel();
  await expect(operation.result()).rejects.toBeInstanceOf(OperationCanceled);
  expect((await readRecord()).lease).toMatchObject({ state: 'inDoubt', move: hosts });
});

test('a move that is asked to stop is aborted, and names who comes first', async () => {
  const operation = await migrate({ rank: 'balance' });
  await moves.ordered(vm);
  const by: Claimant = { workflowId: 'fail-over/host1', kind: 'failOverHost', rank: 'failover' };
  await temporalRecords(worker.temporal).acquire({ vm, claimant: by });
  const failure = await failureOf(operation);
  expect(failure.type).toBe('MigrationAborted');
  expect(failure.message).toMatch(/fail-over\/host1 \(failOverHost, rank failover\) comes first/);
  expect((await readRecord()).operations).toContainEqual(
    expect.objectContaining({ workflowId: operation.workflowId, outcome: 'canceled' }),
  );
});

test('where a slot can’t be let go of, the lease stays in doubt for that reason', async () => {
  isRefused = ({ vm: lease, hosts: held }) => lease === undefined && held.length > 0;
  moves.end(vm, { ...stayed({ vm: { name: vm, uuid: 'u' }, from: hosts.from }), cause: 'too slow' });
  const failure = await failureOf(await migrate());
  expect(failure.type).toBe('NeedsOperator');
  expect(failure.message).toMatch(/too slow.*slots.*the record is broken/);
  const { lease } = await readRecord();
  expect(lease).toMatchObject({ state: 'inDoubt' });
  expect(lease?.doubt).toMatch(/slots was not undone \(the record is broken\)/);
});

test('canceled while it waits for the VM, it waits no more, and has never held anything', async () => {
  const first = await migrate();
  await moves.ordered(vm);
  const second = await migrate({ wait: true });
  await untilWaiting(second, /./);
  expect((await readRecord()).queue).toHaveLength(1);
  await second.cancel();
  await expect(second.result()).rejects.toBeInstanceOf(OperationCanceled);
  expect(await readRecord()).toMatchObject({
    queue: [],
    lease: { holder: { workflowId: first.workflowId } },
  });
  moves.end(vm);
  await first.result();
  expect(await readRecord()).toMatchObject({ queue: [] });
  expect((await readRecord()).lease).toBeUndefined();
});
