/**
 * A worker on the run's real Temporal server with the real workflows and activities made for the test: what is tested
 * is the workflow's own logic, so each test says what the world answers. Budgets are seconds.
 */
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import {
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { inject } from 'vitest';
import type { Activities, HostActivities } from '../../activities/activities.ts';
import type { PlanEvacuationAnswer } from '../../activities/evacuation/plan-evacuation.ts';
import type { CheckMigrationAnswer } from '../../activities/check-migration.ts';
import type { RecordActivities } from '../../activities/records/record-activities.ts';
import type { MoveVmReport } from '../../activities/move-vm.ts';
import { createRecordActivities } from '../../activities/records/create-record-activities.ts';
import { Drover } from '../../client/drover.ts';
import { datacenterTaskQueue, taskQueue } from '../../model/operations.ts';
import type { Settings } from '../../settings/schema.ts';
import { bundleWithBudgets } from '../support/bundle-with-budgets.ts';

export const datacenter = 'standin';

/** What a test changes; the rest answers as a small healthy site does. */
export type StandIns = Partial<Activities & HostActivities>;

export interface StandInWorker extends AsyncDisposable {
  readonly drover: Drover;
  /** For what a person can do past Drover's own library. */
  readonly temporal: Client;
  /** From now on these answer. */
  readonly answerWith: (standIns: StandIns) => void;
}

const found: CheckMigrationAnswer = {
  kind: 'found',
  vm: { name: 'web1', uuid: '9f0c7d2e-6f0b-4d0a-9a51-0d5bb6d1c7aa', memoryMiB: 1024 },
  from: 'host1',
  to: 'host2',
  findings: [],
  placement: { vm: 'web1', chosen: 'host2', reason: 'host2 has the most free', candidates: [] },
  slots: { out: 2, in: 2 },
  keepaliveSeconds: 1,
};
const moved: MoveVmReport = {
  outcome: 'moved',
  reason: 'web1 runs on host2',
  canceled: false,
  reattached: false,
  figures: {},
};

/** The check's answer for a VM of this name on host1 that host2 would take. @param more what else is known of the VM */
export function foundAs(vm: string, more: { readonly epoch?: number } = {}): CheckMigrationAnswer {
  return found.kind === 'found' ? { ...found, vm: { ...found.vm, name: vm, ...more } } : found;
}

export { moved };

/** The plan for hosts that have no VM. */
export const nothingThere: PlanEvacuationAnswer = {
  plan: { moves: [], unplaced: [] },
  blocked: [],
  left: [],
  silentHosts: [],
  coverage: [],
};

/** @param more activities besides, in the place of those of the same name */
export async function startStandInWorker(more: object = {}): Promise<StandInWorker> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const address = inject('temporalAddress');
  const native = await NativeConnection.connect({ address });
  const connection = await Connection.connect({ address });
  const temporal = new Client({ connection });
  let standIns: StandIns = {};
  const activities: Pick<Activities, 'readSite' | 'resolveHosts'> & RecordActivities & HostActivities = {
    ...createRecordActivities(),
    readSite: () => standIns.readSite?.() ?? Promise.resolve({ datacenters: [datacenter] }),
    resolveHosts: (which) =>
      standIns.resolveHosts?.(which) ?? Promise.resolve([{ datacenter, hosts: which.hosts ?? [] }]),
    listHosts: (request) => standIns.listHosts?.(request) ?? Promise.resolve({ hosts: [] }),
    checkMigration: (request) => standIns.checkMigration?.(request) ?? Promise.resolve(foundAs(request.vm)),
    planEvacuation: (request) => standIns.planEvacuation?.(request) ?? Promise.resolve(nothingThere),
    readCoverage: (request) => standIns.readCoverage?.(request) ?? Promise.resolve([]),
    planReturn: (request) => standIns.planReturn?.(request) ?? Promise.resolve(nothingThere.plan),
    moveVm: (request) => standIns.moveVm?.(request) ?? Promise.resolve(moved),
  };
  const common = {
    connection: native,
    activities: { ...activities, ...more },
    shutdownGraceTime: '1s',
  } as const;
  const workers = [
    await Worker.create({ ...common, taskQueue, workflowBundle: await bundleWithShortBudgets() }),
    await Worker.create({ ...common, taskQueue: datacenterTaskQueue(datacenter) }),
  ];
  const running = workers.map((worker) => worker.run());
  const drover = await Drover.connect(settingsFor(address));
  return {
    drover,
    temporal,
    answerWith: (next) => void (standIns = next),
    [Symbol.asyncDispose]: async () => {
      for (const worker of workers) worker.shutdown();
      await Promise.all(running);
      await drover[Symbol.asyncDispose]();
      await connection.close();
      await native.close();
    },
  };
}

/** The settings by which a client finds a test's server, `127.0.0.1:port`. */
export function settingsFor(address: string): Pick<Settings, 'temporal'> {
  const port = Number(address.split(':')[1]);
  return { temporal: { embedded: { port, uiPort: port }, retentionDays: 1 } };
}

/** @param path of the workflows; default: all of Drover's */
export function bundleWithShortBudgets(path?: string): Promise<WorkflowBundleWithSourceMap> {
  return bundleWithBudgets(fileURLToPath(new URL('short-budgets.ts', import.meta.url)), path);
}

/** Looks until there is an answer. @param what for the message when there is none within 15 s */
export async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + 15_000;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (performance.now() > deadline) throw new Error(`${what}: not within 15 s`);
    await pause(50);
  }
}
