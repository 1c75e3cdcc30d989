/** The record of a host on a real Temporal server: room and slots of operations that run, end, and are terminated. */
import { fileURLToPath } from 'node:url';
import {
  Client,
  Connection,
  WithStartWorkflowOperation,
  WorkflowUpdateFailedError,
  type WorkflowHandle,
} from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import type {
  HostRecord,
  LetGoOfHost,
  ReserveAnswer,
  ReserveRoom,
  SetHostState,
  SlotGranted,
  TakeSlot,
  TakeSlotAnswer,
} from '../../model/host-record.ts';
import { hostRecordId, queries, recordUpdates, recordWorkflows, taskQueue } from '../../model/operations.ts';
import type { Rank } from '../../model/ranks.ts';
import type { Claimant } from '../../model/vm-record.ts';
import type { HostRecordInput, hostRecord } from '../../workflows/records/host-record.ts';
import { bundleWithShortBudgets, until } from './stand-in-worker.ts';
import { quietRuntime } from './steps/step-worker.ts';

let native: NativeConnection;
let connection: Connection;
let client: Client;
let worker: Worker;
let running: Promise<void>;
beforeAll(async () => {
  quietRuntime();
  const address = inject('temporalAddress');
  native = await NativeConnection.connect({ address });
  connection = await Connection.connect({ address });
  client = new Client({ connection });
  const path = fileURLToPath(new URL('stand-ins/host-record.ts', import.meta.url));
  worker = await Worker.create({
    connection: native,
    taskQueue,
    workflowBundle: await bundleWithShortBudgets(path),
    activities: { isRunning: ({ workflowId }: { workflowId: string }) => isRunning(workflowId) },
  });
  running = worker.run();
});
afterAll(async () => {
  worker?.shutdown();
  await running;
  await connection?.close();
  await native?.close();
});

async function isRunning(workflowId: string): Promise<boolean> {
  return (await client.workflow.getHandle(workflowId).describe()).status.name === 'RUNNING';
}

/** Each test has a host of its own. */
let hosts = 0;
let host: string;
/** For tests of a record that continues as new. */
let mostEvents: number | undefined;
/** What a test started and nobody needs after it. */
let started: WorkflowHandle[] = [];
beforeEach(() => {
  host = `roomy${++hosts}`;
  mostEvents = undefined;
  started = [client.workflow.getHandle(hostRecordId(host))];
});
afterEach(async () => {
  // Some have ended already.
  await Promise.allSettled(started.map((handle) => handle.terminate('the test is over')));
});

type HostUpdate = 'reserve' | 'takeSlot' | 'letGo' | 'setState';

async function ask<Answer>(update: HostUpdate, request: object): Promise<Answer> {
  const input: HostRecordInput = { host, ...(mostEvents === undefined ? {} : { mostEvents }) };
  return await client.workflow.executeUpdateWithStart<typeof hostRecord, Answer, [object]>(
    recordUpdates[update],
    {
      args: [{ host, ...request }],
      startWorkflowOperation: new WithStartWorkflowOperation<typeof hostRecord>(recordWorkflows.host, {
        workflowId: hostRecordId(host),
        taskQueue,
        args: [input],
        workflowIdConflictPolicy: 'USE_EXISTING',
      }),
    },
  );
}

/** A running operation, as it asks and is told. */
class StandInOperation {
  readonly claimant: Claimant;
  readonly handle: WorkflowHandle;

  constructor(handle: WorkflowHandle, rank: Rank) {
    this.handle = handle;
    this.claimant = { workflowId: handle.workflowId, kind: 'waitingOperation', rank };
  }

  reserve(memoryMiB = 1024): Promise<ReserveAnswer> {
    const request: Omit<ReserveRoom, 'host'> = { ...this.#asks(), memoryMiB, cpuCores: 1 };
    return ask('reserve', request);
  }

  takeSlot(direction: TakeSlot['direction'], most = 1): Promise<TakeSlotAnswer> {
    const request: Omit<TakeSlot, 'host'> = { ...this.#asks(), direction, most };
    return ask('takeSlot', request);
  }

  letGo(): Promise<void> {
    const request: Omit<LetGoOfHost, 'host'> = { workflowId: this.claimant.workflowId };
    return ask('letGo', request);
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

  #asks(): { operation: Claimant; vm: string } {
    return { operation: this.claimant, vm: `vm-of-${this.claimant.workflowId}` };
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

function readRecord(): Promise<HostRecord> {
  return client.workflow.getHandle(hostRecordId(host)).query(queries.record);
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
  await ask('setState', { state: 'maintenance', by } satisfies Omit<SetHostState, 'host'>);
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
  mostEvents = 40;
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
  await expect(refused).rejects.toThrow(WorkflowUpdateFailedError);
  await expect(refused).rejects.toMatchObject({ cause: { type: 'InvalidInput' } });
  expect(await readRecord()).toEqual(before);
});
