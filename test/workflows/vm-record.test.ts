/** The record of a VM on a real Temporal server, asked as activities ask it, by operations that run and end. */
import { fileURLToPath } from 'node:url';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { createRecordActivities } from '../../activities/records/create-record-activities.ts';
import type { Records } from '../../activities/records/record-activities.ts';
import { temporalRecords } from '../../activities/records/temporal-records.ts';
import { recordWorkflows, taskQueue, vmRecordId } from '../../model/operations.ts';
import type { Rank } from '../../model/ranks.ts';
import type { AcquireVm, AcquireVmAnswer, Claimant, VmRecord } from '../../model/vm-record.ts';
import type { VmRecordInput } from '../../workflows/records/vm-record.ts';
import { bundleWithShortBudgets, until } from './stand-in-worker.ts';
import type { Told } from './stand-ins/vm-record.ts';
import { quietRuntime } from './steps/step-worker.ts';

let native: NativeConnection;
let connection: Connection;
let client: Client;
let worker: Worker;
let running: Promise<void>;
let records: Records;
beforeAll(async () => {
  quietRuntime();
  const address = inject('temporalAddress');
  native = await NativeConnection.connect({ address });
  connection = await Connection.connect({ address });
  client = new Client({ connection });
  records = temporalRecords(client);
  const path = fileURLToPath(new URL('stand-ins/vm-record.ts', import.meta.url));
  worker = await Worker.create({
    connection: native,
    taskQueue,
    workflowBundle: await bundleWithShortBudgets(path),
    activities: { ...createRecordActivities() },
  });
  running = worker.run();
});
afterAll(async () => {
  worker?.shutdown();
  await running;
  await connection?.close();
  await native?.close();
});

/** Each test has a VM of its own. */
let vms = 0;
let vm: string;
let started: WorkflowHandle[] = [];
beforeEach(() => {
  vm = `leased${++vms}`;
  started = [client.workflow.getHandle(vmRecordId(vm))];
});
afterEach(async () => {
  // Some have ended already.
  await Promise.allSettled(started.map((handle) => handle.terminate('the test is over')));
});

const move = { uuid: 'u', datacenter: 'berlin', from: 'host1', to: 'host2', wasPaused: false };

/** An operation that runs until it is ended, and asks as its activities would. */
class Operation {
  readonly handle: WorkflowHandle;
  readonly claimant: Claimant;

  constructor(handle: WorkflowHandle, rank: Rank) {
    this.handle = handle;
    this.claimant = { workflowId: handle.workflowId, kind: 'claimingOperation', rank };
  }

  acquire(more: Partial<AcquireVm> = {}): Promise<AcquireVmAnswer> {
    return records.acquire({ vm, claimant: this.claimant, ...more });
  }

  /** @returns the epoch. @throws Error when it was not granted */
  async hold(): Promise<number> {
    const answer = await this.acquire();
    if (answer.kind !== 'granted') throw new Error(`${vm}: ${JSON.stringify(answer)}`);
    return answer.epoch;
  }

  release(epoch?: number): Promise<void> {
    const { workflowId } = this.claimant;
    const held = epoch === undefined ? {} : { epoch };
    return records.release({ vm, workflowId, outcome: 'moved', message: 'done', ...held });
  }

  confirm(epoch: number, attempt: string, more: { move?: typeof move } = {}) {
    return records.confirm({ vm, workflowId: this.claimant.workflowId, epoch, attempt, ...more });
  }

  told(): Promise<Told> {
    return this.handle.query('told');
  }
}

async function anOperation(name: string, rank: Rank = 'person'): Promise<Operation> {
  const workflowId = `claiming/${vm}/${name}`;
  const handle = await client.workflow.start('claimingOperation', { workflowId, taskQueue });
  started.push(handle);
  return new Operation(handle, rank);
}

/** @throws Error when there is none */
async function readRecord(): Promise<VmRecord> {
  const record = await records.readVm(vm);
  if (!record) throw new Error(`${vm} has no record`);
  return record;
}

function untilRecord(what: string, is: (record: VmRecord) => boolean): Promise<VmRecord> {
  return until(`${vm}: ${what}`, async () => {
    const record = await readRecord();
    return is(record) ? record : undefined;
  });
}

test('of two operations that ask at once one has the lease, and the other is told who', async () => {
  const [a, b] = [await anOperation('a'), await anOperation('b')];
  const answers = await Promise.all([a.acquire(), b.acquire()]);
  const [holder, other] = answers[0].kind === 'granted' ? [a, b] : [b, a];
  expect(answers.map(({ kind }) => kind).toSorted()).toEqual(['granted', 'refused']);
  expect(await other.acquire()).toMatchObject({ kind: 'refused', holder: { holder: holder.claimant } });
});

test('those that wait get their turn by rank, and are told; a failover asks the holder to stop', async () => {
  const holder = await anOperation('holder', 'balance');
  const epoch = await holder.hold();
  const person = await anOperation('person');
  expect(await person.acquire()).toMatchObject({ kind: 'queued', place: 1 });
  expect((await holder.told()).stops).toEqual([]);
  const failover = await anOperation('failover', 'failover');
  expect(await failover.acquire({ fencedHost: 'host1' })).toMatchObject({ kind: 'queued', place: 1 });
  const stops = await until('the holder is asked to stop', async () => {
    const told = await holder.told();
    return told.stops.length > 0 ? told.stops : undefined;
  });
  expect(stops).toMatchObject([{ by: failover.claimant, fencedHost: 'host1' }]);

  await holder.release(epoch);
  await until('the failover is told', async () => (await failover.told()).granted[0]);
  expect(await failover.told()).toMatchObject({ granted: [{ vm, epoch: epoch + 1 }] });
  expect(await person.told()).toMatchObject({ granted: [] });
  await failover.release();
  expect(await until('the person is told', async () => (await person.told()).granted[0])).toEqual({
    vm,
    epoch: epoch + 2,
  });
});

test('whoever was terminated while it waited loses its turn to the next', async () => {
  const [holder, gone, next] = [
    await anOperation('holder'),
    await anOperation('gone'),
    await anOperation('next'),
  ];
  const epoch = await holder.hold();
  await gone.acquire({ wait: true });
  await next.acquire({ wait: true });
  await gone.handle.terminate('by hand');
  await holder.release(epoch);
  const granted = await until('the next is told', async () => (await next.told()).granted[0]);
  expect(granted).toEqual({ vm, epoch: epoch + 2 });
  expect((await readRecord()).operations[0]).toMatchObject({
    workflowId: gone.claimant.workflowId,
    outcome: 'ended',
  });
  // It was known by the signal that did not reach it: nobody had to look after it.
  const { events } = await client.workflow.getHandle(vmRecordId(vm)).fetchHistory();
  const lookedAfter = events?.flatMap(({ activityTaskScheduledEventAttributes: scheduled }) =>
    (scheduled?.input?.payloads ?? []).map(({ data }) => new TextDecoder().decode(data ?? undefined)),
  );
  expect(lookedAfter?.join()).not.toContain(gone.claimant.workflowId);
});

test('a holder that was terminated is found by the record itself, which waits with few events', async () => {
  const holder = await anOperation('holder');
  const epoch = await holder.hold();
  await holder.handle.terminate('by hand');
  const record = await untilRecord('free', ({ lease }) => lease === undefined);
  expect(record).toMatchObject({ epoch, operations: [{ outcome: 'ended' }] });
  const { events } = await client.workflow.getHandle(vmRecordId(vm)).fetchHistory();
  expect(events?.length).toBeLessThan(60);
});

test('one that was terminated while it moved the VM leaves it in doubt, for one settle and a person to see', async () => {
  const holder = await anOperation('holder');
  const epoch = await holder.hold();
  await holder.confirm(epoch, '1', { move });
  await holder.handle.terminate('by hand');
  await untilRecord('in doubt', ({ lease }) => lease?.state === 'inDoubt');
  const settle = client.workflow.getHandle(`settle-vm/${vm}/${epoch}`);
  started.push(settle);
  await until('a settle', () => settle.describe().catch(() => undefined));
  const { events } = await settle.fetchHistory();
  const input = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]?.data;
  expect(JSON.parse(new TextDecoder().decode(input ?? new Uint8Array()))).toMatchObject({ vm });
  const { searchAttributes } = await client.workflow.getHandle(vmRecordId(vm)).describe();
  expect(searchAttributes).toMatchObject({
    DroverKind: ['vm'],
    DroverVm: [vm],
    DroverState: ['inDoubt'],
    DroverNeedsOperator: [true],
  });
  const next = await anOperation('next');
  expect(await next.acquire()).toMatchObject({ kind: 'refused', holder: { state: 'inDoubt' } });
  expect(await next.acquire({ takeOver: epoch })).toMatchObject({ kind: 'granted', unsettled: move });
});

test('an operation that asks behind one that has ended takes over at once, with what that has left', async () => {
  const holder = await anOperation('holder');
  const epoch = await holder.hold();
  await holder.confirm(epoch, '1', { move });
  await holder.handle.terminate('by hand');
  const workflowId = `claiming/${vm}/next`;
  const request: AcquireVm = { vm, claimant: { workflowId, kind: 'claimingOperation', rank: 'person' } };
  const next = await client.workflow.start('claimingOperation', { workflowId, taskQueue, args: [request] });
  started.push(next);
  const answer = await until('an answer', async () => (await next.query<Told>('told')).answer);
  expect(answer).toEqual({ kind: 'granted', epoch: epoch + 1, unsettled: { ...move, notes: [] } });
});

test('a stale attempt is refused, also when it asks what it was granted before', async () => {
  const holder = await anOperation('holder');
  const epoch = await holder.hold();
  expect(await holder.confirm(epoch, '1')).toEqual({ isCurrent: true, attempt: 1 });
  expect(await holder.confirm(epoch, '2')).toEqual({ isCurrent: true, attempt: 2 });
  expect(await holder.confirm(epoch, '1')).toMatchObject({ isCurrent: false });
  expect(await holder.confirm(epoch, '2')).toEqual({ isCurrent: true, attempt: 2 });
});

test('an acquire that comes again from the same activity is the same one, also after its lease has ended', async () => {
  const holder = await anOperation('holder');
  const request: AcquireVm = { vm, claimant: holder.claimant };
  const first = await temporalRecords(client, { asker: '5' }).acquire(request);
  if (first.kind !== 'granted') throw new Error('it was free');
  await holder.release(first.epoch);
  expect(await temporalRecords(client, { asker: '5' }).acquire(request)).toEqual(first);
  expect(await readRecord()).not.toHaveProperty('lease');
  expect(await temporalRecords(client, { asker: '6' }).acquire(request)).toEqual({
    kind: 'granted',
    epoch: first.epoch + 1,
  });
});

test('a hundred questions at once are all answered while the record continues as new again and again', async () => {
  const input: VmRecordInput = { vm, mostEvents: 40 };
  const record = await client.workflow.start(recordWorkflows.vm, {
    workflowId: vmRecordId(vm),
    taskQueue,
    args: [input],
    workflowTaskTimeout: '2s',
  });
  const holder = await anOperation('holder');
  await holder.hold();
  const names = Array.from({ length: 100 }, (_, index) => `op${index}`);
  const kinds = new Set<string>();
  // As many at once as a record takes; the others would wait outside.
  const asked = names.values();
  await Promise.all(
    Array.from({ length: 10 }, async () => {
      for (const workflowId of asked) {
        const claimant: Claimant = { workflowId, kind: 'migrateVm', rank: 'person' };
        kinds.add((await records.acquire({ vm, claimant, wait: true })).kind);
      }
    }),
  );
  expect([...kinds]).toEqual(['queued']);
  const { queue } = await readRecord();
  expect(queue.map(({ claimant }) => claimant.workflowId).toSorted()).toEqual(names.toSorted());
  const { runId, raw } = await client.workflow.getHandle(vmRecordId(vm)).describe();
  expect(runId).not.toBe(record.firstExecutionRunId);
  expect(Number(raw.executionConfig?.defaultWorkflowTaskTimeout?.seconds)).toBe(2);
});

test('a record does not end by a request to cancel it, and none that was terminated answers', async () => {
  const holder = await anOperation('holder');
  const epoch = await holder.hold();
  const handle = client.workflow.getHandle(vmRecordId(vm));
  const { runId } = await handle.describe();
  await handle.cancel();
  expect(await holder.hold()).toBe(epoch);
  expect(await handle.describe()).toMatchObject({ runId, status: { name: 'RUNNING' } });
  await handle.terminate('by hand');
  expect(await records.readVm(vm)).toBeUndefined();
  expect(await records.readVm('never-seen')).toBeUndefined();
});

test('a request without its shape is refused by name and leaves nothing in the history', async () => {
  const holder = await anOperation('holder');
  await holder.hold();
  const other = { vm, claimant: 'somebody' } as unknown as AcquireVm;
  await expect(records.acquire(other)).rejects.toMatchObject({
    type: 'InvalidInput',
    message: expect.stringContaining('must be an object, not "somebody"') as string,
  });
  const { events } = await client.workflow.getHandle(vmRecordId(vm)).fetchHistory();
  expect(events?.filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes)).toHaveLength(1);
});

test('while nobody holds the VM no timer runs', async () => {
  const holder = await anOperation('holder');
  await holder.release(await holder.hold());
  const { events = [] } = await client.workflow.getHandle(vmRecordId(vm)).fetchHistory();
  const timers = events?.filter((event) => event.timerStartedEventAttributes).length;
  const over = events?.filter(
    (event) => event.timerCanceledEventAttributes ?? event.timerFiredEventAttributes,
  ).length;
  expect(timers).toBeGreaterThan(0);
  expect(over).toBe(timers);
});
