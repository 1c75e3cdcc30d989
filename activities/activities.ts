/** The activities by the names that workflows call, made from what a worker is given. */
import { Context } from '@temporalio/activity';
import type { Coverage } from '../model/coverage.ts';
import type { EvacuationPlan } from '../model/evacuation.ts';
import type { InventoryPart } from '../model/inventory.ts';
import type { MigrationProgress } from '../model/migrate-vm.ts';
import { signals } from '../model/operations.ts';
import { checkMigration, type CheckMigrationAnswer, type CheckMigrationRequest } from './check-migration.ts';
import { ChosenTargets } from './chosen-targets.ts';
import { CpuComparisons } from './cpu-comparisons.ts';
import {
  planEvacuationOf,
  planReturnOf,
  type PlanEvacuationAnswer,
  type PlanEvacuationRequest,
  type PlanReturnRequest,
} from './evacuation/plan-evacuation.ts';
import { readCoverageOf, type ReadCoverageRequest } from './evacuation/read-coverage.ts';
import { resolveHosts, type HostsByDatacenter, type WhichHosts } from './evacuation/resolve-hosts.ts';
import { endSignals } from './end-signals.ts';
import { heartbeatEveryMs, heartbeating } from './heartbeats.ts';
import type { Hosts } from './hosts/hosts.ts';
import { pageOf, type InventoryPage } from './inventory-pages.ts';
import { Looks } from './looks.ts';
import { attemptLease } from './move/attempt-lease.ts';
import { moveVm, type MoveContext, type MoveVmReport, type MoveVmRequest } from './move-vm.ts';
import { recordsOfContext } from './records/create-record-activities.ts';
import {
  createSettleActivities,
  createSettleHostActivities,
  type SettleActivities,
  type SettleHostActivities,
} from './settle/settle-activities.ts';
import { createSurveyActivities, type SurveyActivities } from './survey-activities.ts';
import { inventoryOf } from './survey.ts';

/** Activities that need no place: every worker has them on the queue `drover`. */
export interface Activities {
  /** Which datacenters the settings name: workflows have no settings of their own. */
  readSite(): Promise<{ datacenters: string[] }>;
  /**
   * The hosts that are meant, by datacenter.
   * @throws ApplicationFailure `UnknownHost`; `InvalidInput` where that are no hosts, or all of a cluster
   */
  resolveHosts(which: WhichHosts): Promise<HostsByDatacenter>;
}

/** Activities that touch the hosts of one datacenter. */
export interface HostActivities {
  /** Hosts in the order of their names, as many as fit into so many bytes of JSON. */
  listHosts(request: { part: InventoryPart; mostBytes: number }): Promise<InventoryPage>;
  checkMigration(request: CheckMigrationRequest): Promise<CheckMigrationAnswer>;
  moveVm(request: MoveVmRequest): Promise<MoveVmReport>;
  planEvacuation(request: PlanEvacuationRequest): Promise<PlanEvacuationAnswer>;
  planReturn(request: PlanReturnRequest): Promise<EvacuationPlan>;
  /** Failures that each cluster of the datacenter has room for. */
  readCoverage(request: ReadCoverageRequest): Promise<readonly Coverage[]>;
}

export function createActivities(hosts: Hosts): Activities & SettleActivities {
  const datacenters = [...new Set(hosts.site.hosts.map(({ datacenter }) => datacenter))].toSorted();
  return {
    ...createSettleActivities(recordsOfContext),
    readSite: async () => ({ datacenters }),
    resolveHosts: async (which) => resolveHosts(hosts.site, which),
  };
}

export function createHostActivities(hosts: Hosts): HostActivities & SettleHostActivities & SurveyActivities {
  const looks = new Looks(hosts);
  const comparisons = new CpuComparisons(hosts);
  const targets = new ChosenTargets();
  return {
    ...createSettleHostActivities(hosts, looks),
    ...createSurveyActivities(hosts, looks, recordsOfContext),
    listHosts: ({ part, mostBytes }) =>
      heartbeating(async () => {
        const survey = await looks.forPage(part.datacenter, { isFirst: part.after === undefined });
        return pageOf(inventoryOf(survey), part, mostBytes);
      }),
    checkMigration: (request) =>
      heartbeating(() =>
        checkMigration({ hosts, looks, comparisons, targets, records: recordsOfContext() }, request),
      ),
    planEvacuation: (request) => heartbeating(() => planEvacuationOf({ hosts, looks, comparisons }, request)),
    readCoverage: (request) => heartbeating(() => readCoverageOf({ hosts, looks }, request)),
    planReturn: (request) => heartbeating(() => planReturnOf({ hosts, looks, comparisons }, request)),
    moveVm: async (request) => {
      using context = moveContext(request);
      try {
        return await moveVm(hosts, request, context);
      } finally {
        targets.letGo(request.vm.name);
      }
    },
  };
}

/**
 * Temporal's activity context as a move sees it. Heartbeats go on while a host is waited for, and carry the progress
 * that was measured last.
 */
function moveContext({ vm, lease }: MoveVmRequest): MoveContext & Disposable {
  const context = Context.current();
  const signal = progressSignal();
  const earlier = context.info.heartbeatDetails as MigrationProgress | undefined;
  let last = earlier;
  const beats = setInterval(() => context.heartbeat(last), heartbeatEveryMs);
  return {
    ...endSignals(context),
    isFirst: context.info.attempt === 1,
    activity: context.info.activityId,
    lease: attemptLease(recordsOfContext(), {
      vm: vm.name,
      ...lease,
      attempt: `${context.info.workflowExecution?.runId}/${context.info.activityId}/${context.info.attempt}`,
      scheduledAt: new Date(context.info.currentAttemptScheduledTimestampMs).toISOString(),
    }),
    ...(earlier ? { earlier } : {}),
    progress: (progress) => {
      last = progress;
      context.heartbeat(progress);
      signal(progress);
    },
    [Symbol.dispose]: () => clearInterval(beats),
  };
}

/** Sends progress to the operation's page, ever more rarely, so that a long copy leaves a short history. */
function progressSignal(): (progress: MigrationProgress) => void {
  const { client, info } = Context.current();
  const operation = info.workflowExecution;
  const startedMs = performance.now();
  let nextMs = 1000;
  return (progress) => {
    const elapsedMs = performance.now() - startedMs;
    if (!operation || elapsedMs < nextMs) return;
    nextMs = elapsedMs + Math.max(1000, elapsedMs / 5);
    // The page is a convenience: a signal that fails must not touch the move.
    client.workflow
      .getHandle(operation.workflowId, operation.runId)
      .signal(signals.moveProgress, progress)
      .catch(() => undefined);
  };
}
