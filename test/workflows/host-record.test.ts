/** The record of a host on a real Temporal server: room and slots of operations that run, end, and are terminated. */
import { fileURLToPath } from 'node:url';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { askRecord } from '../../activities/records/ask-record.ts';
import { createRecordActivities } from '../../activities/records/create-record-activities.ts';
import type { Records } from '../../activities/records/record-activities.ts';
import { temporalRecords } from '../../activities/records/temporal-records.ts';
import type {
  HostRecord,
  ReserveAnswer,
  SetHostState,
  SlotGranted,
  TakeSlot,
  TakeSlotAnswer,
} from '../../model/host-record.ts';
import { hostRecordId, recordUpdates, recordWorkflows, taskQueue } from '../../model/operations.ts';
import type { Rank } from '../../model/ranks.ts';
import type { Claimant } from '../../model/vm-record.ts';
import type { HostRecordInput } from '../../workflows/records/host-record.ts';
import { bundleWithShortBudgets, until } from './stand-in-worker.ts';
import { quietRuntime } from './steps/step-worker.ts';

let native: NativeConnection;
let connection: Connection;
let client: Client;
let records: Records;
let worker: Worker;
let running: Promise<void>;
beforeAll(async () => {
  quietRuntime();
  const address = inject('temporalAddress');
  native = await NativeConnection.connect({ address });
  connection = await Connection.connect({ address });
  client = new Client({ connection });
  records = temporalRecords(client);
  const path = fileURLToPath(new URL('stand-ins/host-record.ts', import.meta.url));
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

/** Each test has a host of its own. */
let hosts = 0;
let host: string;
/** What a test started and nobody needs after it. */
let started: WorkflowHandle[] = [];
beforeEach(() => {
  host = `roomy${++hosts}`;
  started = [client.workflow.getHandle(hostRecordId(host))];
});
afterEach(async () => {
  // Some have ended already.
  await Promise.allSettled(started.map((handle) => handle.terminate('the test is over')));
});

/** A running operation, as it asks and is told. */
class StandInOperation {
  readonly claimant: Claimant;
  readonly handle: WorkflowHandle;

  constructor(handle: WorkflowHandle, rank: Rank) {
    this.handle = handle;
    this.claimant = { workflowId: handle.workflowId, kind: 'waitingOperation', rank };
  }

  reserve(memoryMiB = 1024): Promise<ReserveAnswer> {
    return records.reserve({ ...this.#asks(), memoryMiB, cpuCores: 1 });
  }

  takeSlot(direction: TakeSlot['direction'], most = 1): Promise<TakeSlotAnswer> {
    return records.takeSlot({ ...this.#asks(), direction, most });
  }

  letGo(): Promise<void> {
    return records.letGo({ host, workflowId: this.claimant.workflowId });
  }

  granted(): Promise<readonly SlotGranted[]> {
    return this.handle.query('granted');
  }

  /** @throws Error when it was told of none in time */
  untilGranted(): Promise<readonly SlotGranted[]> {
    return until(`${this.claimant.workflowId} is told of its slot`, async () => {
      const granted = await this.granted();
      return granted.length > 0 ? granted : undefined;
    });
  }

  #asks(): { host: string; operation: Claimant; vm: string } {
    return { host, operation: this.claimant, vm: `vm-of-${this.claimant.workflowId}` };
  }
}

async function anOperation(name: string, rank: Rank = 'person'): Promise<StandInOperation> {
  const handle = await client.workflow.start('waitingOperation', {
    workflowId: `waiting/${host}/${name}`,
    taskQueue,
  });
  started.push(handle);
  return new StandInOperation(handle, rank);
}

async function readRecord(): Promise<HostRecord> {
  const record = await records.readHost(host);
  if (!record) throw new Error(`${host} has no record`);
  return record;
}

const waitingFor = ({ waiting }: HostRecord): string[] => waiting.in.map(({ operation }) => operation.rank);
const isEmpty = ({ reservations, slots, waiting }: HostRecord): boolean =>
  [reservations, slots.in, slots.out, waiting.in, waiting.out].every(({ length }) => length === 0);

test('of two operations for the last room the later one is told of the earlier', async () => {
  const [first, second] = [await anOperation('first'), await anOperation('second')];
  expect(await first.reserve()).toEqual({ kind: 'reserved', earlier: [] });
  const answer = await second.reserve();
  expect(answer).toMatchObject({
    kind: 'reserved',
    earlier: [{ operation: first.claimant, memoryMiB: 1024 }],
  });
  await first.letGo();
  expect(await readRecord()).toMatchObject({ reservations: [{ operation: second.claimant }] });
});

test('a host that is closed takes nobody, and its entry in the list says so', async () => {
  const operation = await anOperation('late');
  const by = {
    workflowId: 'maintain-hosts/1',
    kind: 'maintainHosts',
    rank: 'maintenance',
    reason: 'fans',
  } as const;
  const request: SetHostState = { host, state: 'maintenance', by };
  await askRecord(client, {
    workflowType: recordWorkflows.host,
    workflowId: hostRecordId(host),
    input: { host },
    update: recordUpdates.setState,
    updateId: 'close',
    request,
  });
  expect(await operation.reserve()).toMatchObject({ kind: 'closed', state: 'maintenance', by });
  const { searchAttributes } = await client.workflow.getHandle(hostRecordId(host)).describe();
  expect(searchAttributes).toMatchObject({
    DroverKind: ['host'],
    DroverHost: [host],
    DroverState: ['maintenance'],
  });
});

test('slots go to those that wait, by rank and then by time', async () => {
  const holder = await anOperation('holder');
  expect(await holder.takeSlot('in')).toEqual({ kind: 'granted' });
  const balance = await anOperation('balance', 'balance');
  const person = await anOperation('person');
  const failover = await anOperation('failover', 'failover');
  const later = await anOperation('later');
  for (const [operation, place] of [
    [balance, 1],
    [person, 1],
    [failover, 1],
    [later, 3],
  ] as const) {
    expect(await operation.takeSlot('in')).toMatchObject({
      kind: 'queued',
      place,
      holders: [{ operation: holder.claimant }],
    });
  }
  expect(await later.takeSlot('out')).toEqual({ kind: 'granted' });
  let releasing = holder;
  for (const next of [failover, person, later, balance]) {
    await releasing.letGo();
    expect(await next.untilGranted()).toEqual([{ host, direction: 'in' }]);
    releasing = next;
  }
  await balance.letGo();
  expect(isEmpty(await readRecord())).toBe(true);
});

test('what a terminated operation held and waited for comes back by itself', async () => {
  const [gone, waiter] = [await anOperation('gone'), await anOperation('waiter')];
  await gone.reserve();
  await gone.takeSlot('in');
  await gone.takeSlot('out');
  expect(await waiter.takeSlot('in')).toMatchObject({ kind: 'queued' });
  await gone.handle.terminate('by hand');
  expect(await waiter.untilGranted()).toEqual([{ host, direction: 'in' }]);
  const record = await readRecord();
  expect(record.reservations).toEqual([]);
  expect(record.slots).toMatchObject({ in: [{ operation: waiter.claimant }], out: [] });
});

test('a slot passes an operation by that has ended while it waited', async () => {
  const [holder, ended, next] = [
    await anOperation('holder'),
    await anOperation('ended'),
    await anOperation('next'),
  ];
  for (const operation of [holder, ended, next]) await operation.takeSlot('in');
  await ended.handle.signal('mayEnd');
  await ended.handle.result();
  await holder.letGo();
  expect(await next.untilGranted()).toEqual([{ host, direction: 'in' }]);
  expect(await readRecord()).toMatchObject({
    slots: { in: [{ operation: next.claimant }] },
    waiting: { in: [] },
  });
});

test('room, slots and queues are the same after the record has continued as new', async () => {
  const input: HostRecordInput = { host, mostEvents: 40 };
  await client.workflow.start(recordWorkflows.host, {
    workflowId: hostRecordId(host),
    taskQueue,
    args: [input],
  });
  const first = await anOperation('first');
  await first.reserve(2048);
  const handle = client.workflow.getHandle(hostRecordId(host));
  const { runId } = await handle.describe();
  const [balance, person] = [await anOperation('balance', 'balance'), await anOperation('person')];
  for (const operation of [first, balance, person]) await operation.takeSlot('in');
  const before = await readRecord();
  await until('another run of the record', async () => {
    await first.reserve(2048);
    return (await handle.describe()).runId === runId ? undefined : true;
  });
  expect(await readRecord()).toEqual(before);
  expect(waitingFor(before)).toEqual(['person', 'balance']);
  await first.letGo();
  expect(await person.untilGranted()).toEqual([{ host, direction: 'in' }]);
  expect(await balance.granted()).toEqual([]);
});

test('a request that is none is refused and leaves the record as it was', async () => {
  const operation = await anOperation('wrong');
  await operation.takeSlot('in');
  const before = await readRecord();
  const refused = operation.takeSlot('up' as 'in');
  await expect(refused).rejects.toMatchObject({ type: 'InvalidInput' });
  expect(await readRecord()).toEqual(before);
});
