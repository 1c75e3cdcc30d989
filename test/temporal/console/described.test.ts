/**
 * What the Temporal UI lists of every workflow: each query, signal and update with its description, each activity, timer
 * and child with its summary, and a page.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createRecordActivities,
  recordsOfContext,
} from '../../../activities/records/create-record-activities.ts';
import { createSettleActivities } from '../../../activities/settle/settle-activities.ts';
import { hostRecordId, taskQueue, vmRecordId } from '../../../model/operations.ts';
import * as workflows from '../../../workflows/index.ts';
import { foundWith, HeldMoves, terminated, untilWaiting } from '../../workflows/held-moves.ts';
import {
  datacenter,
  moved,
  startStandInWorker,
  until,
  type StandInWorker,
} from '../../workflows/stand-in-worker.ts';

interface Definition {
  readonly name: string;
  readonly description?: string;
}
interface Metadata {
  readonly definition?: {
    readonly queryDefinitions?: readonly Definition[];
    readonly signalDefinitions?: readonly Definition[];
    readonly updateDefinitions?: readonly Definition[];
  };
  readonly currentDetails?: string;
}

const vm = 'described1';
const hosts = { from: 'described-source', to: 'described-target' };
const moves = new HeldMoves();
/** One of every workflow type, by its id. */
const seen = new Map<string, string>();

let worker: StandInWorker;
beforeAll(async () => {
  worker = await startStandInWorker({
    ...createRecordActivities(),
    ...createSettleActivities(recordsOfContext),
    planExamination: async () => ({ datacenters: [datacenter], keepaliveTrialMs: 0 }),
    doNothing: async () => undefined,
    examineTemporal: async () => [],
    examineHosts: async () => [],
    surveyRecords: async () => ({ hosts: 1, silent: 0, vms: 1, created: 0, skipped: 0, failed: 0 }),
    findCopies: async () => ({ copies: [], silent: [] }),
  });
  worker.answerWith({ moveVm: moves.moveVm, checkMigration: foundWith(hosts) });
  const first = await worker.drover.start('migrateVm', { vm });
  await moves.ordered(vm);
  // This one waits for the lease, and the next for a slot.
  const second = await worker.drover.start('migrateVm', { vm, wait: true });
  await untilWaiting(second, /./);
  const others = ['described2', 'described3'];
  for (const other of others) await worker.drover.start('migrateVm', { vm: other });
  const third = await until('a move that waits for a slot', async () => {
    for (const { workflowId } of await worker.drover.operations({ running: true }))
      if (JSON.stringify((await worker.drover.operation(workflowId).look()).status).includes('slot'))
        return workflowId;
    return undefined;
  });
  const settled = await worker.drover.start('settleVm', { vm: 'nosuch' });
  await settled.result().catch(() => undefined);
  for (const workflowType of ['surveyHerd', 'doctor', 'listInventory', 'readCoverage']) {
    const workflowId = `described/${workflowType}`;
    await worker.temporal.workflow.execute(workflowType, { workflowId, taskQueue });
    seen.set(workflowId, workflowType);
  }
  for (const { workflowId } of [first, second, { workflowId: third }]) seen.set(workflowId, 'migrateVm');
  seen.set(settled.workflowId, 'settleVm');
  const maintained = await worker.drover.start('maintainHosts', { hosts: ['described-closed'] });
  await until('the host to be held', async () => {
    const { status } = await maintained.look();
    return status?.step === 'held' ? true : undefined;
  });
  seen.set(maintained.workflowId, 'maintainHosts');
  seen.set(vmRecordId(vm), 'vmRecord');
  seen.set(hostRecordId(hosts.to), 'hostRecord');
});
afterAll(async () => {
  if (!worker) return;
  for (const name of [vm, 'described2', 'described3']) moves.end(name, moved);
  await terminated(worker, await runningOperations());
  await worker[Symbol.asyncDispose]();
});

async function runningOperations() {
  const running = await worker.drover.operations({ running: true });
  return running.map(({ workflowId }) => worker.drover.operation(workflowId));
}

const metadataOf = (workflowId: string): Promise<Metadata> =>
  worker.temporal.workflow.getHandle(workflowId).query<Metadata>('__temporal_workflow_metadata');

test('every workflow type was looked at', () => {
  expect(new Set(seen.values())).toEqual(new Set(Object.keys(workflows)));
});

test('each query, signal and update has a description', async () => {
  const names = new Set<string>();
  const without: string[] = [];
  for (const [workflowId, type] of seen) {
    const { definition } = await metadataOf(workflowId);
    for (const kind of ['queryDefinitions', 'signalDefinitions', 'updateDefinitions'] as const)
      for (const { name, description = '' } of definition?.[kind] ?? []) {
        names.add(name);
        if (description === '') without.push(`${type}: ${name}`);
      }
  }
  expect(without).toEqual([]);
  // Those that an operation takes only while it waits are among them.
  for (const name of ['progress', 'record', 'stop', 'leaseGranted', 'slotGranted', 'acquire', 'reserve'])
    expect([...names]).toContain(name);
});

test('each has a page', async () => {
  for (const [workflowId, type] of seen) {
    const { currentDetails = '' } = await metadataOf(workflowId);
    expect.soft({ type, length: currentDetails.length }).toMatchObject({
      length: expect.toSatisfy((length: number) => length > 40 && length < 20_000),
    });
  }
});

test('each activity, timer and child has a summary', async () => {
  const without: string[] = [];
  for (const [workflowId, type] of seen) {
    const { events } = await worker.temporal.workflow.getHandle(workflowId).fetchHistory();
    for (const {
      userMetadata,
      activityTaskScheduledEventAttributes: activity,
      timerStartedEventAttributes: timer,
      startChildWorkflowExecutionInitiatedEventAttributes: child,
    } of events ?? []) {
      const what = activity?.activityType?.name ?? (timer ? 'a timer' : child?.workflowType?.name);
      if (what && (userMetadata?.summary?.data?.length ?? 0) === 0) without.push(`${type}: ${what}`);
    }
  }
  expect(without).toEqual([]);
});
