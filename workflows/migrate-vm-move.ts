/** The step `move` of `migrateVm`: the activity with its times, and what is done when they are over. */
import {
  ActivityCancellationType,
  ApplicationFailure,
  CancellationScope,
  proxyActivities,
} from '@temporalio/workflow';
import type { HostActivities } from '../activities/activities.ts';
import type { MoveVmReport, MoveVmRequest } from '../activities/move-vm.ts';
import { permanent, type PermanentFailure } from '../model/failures.ts';
import { datacenterTaskQueue } from '../model/operations.ts';
import { budgets } from './budgets.ts';
import { told, typeOf } from './ending.ts';
import { moveHeartbeatMs } from './move-heartbeat.ts';

/** What the activity is asked, and how long its worker may be silent. */
export interface MoveOrder extends MoveVmRequest {
  /** A host gives a silent client up after so long: only then may another attempt begin. */
  readonly keepaliveSeconds: number;
}

export interface MoveEnd {
  readonly report: MoveVmReport;
  /** The move was ended after its time, or after an attempt that failed for good: how its last attempt failed. */
  readonly spent?: string;
}

/** How long one attempt and all of them may take, in milliseconds. */
interface Times {
  readonly attemptMs: number;
  readonly wholeMs: number;
}

/**
 * Moves the VM and answers where it is. Passing faults (a host that does not answer) are met by looking again; a move
 * that is canceled, whose time is over, or whose last attempt failed for good is ended first, since it may have left a
 * migration that runs on.
 * @throws ApplicationFailure `NeedsOperator` when even then nobody can say where the VM is, `VmBusy` when it is somebody else's
 */
export async function move(order: MoveOrder): Promise<MoveEnd> {
  const copyMs = order.timeoutSeconds * 1000;
  try {
    const report = await moveVm(order, {
      attemptMs: copyMs + budgets.settleAttemptMs,
      wholeMs: copyMs + budgets.settleMs,
    });
    return { report };
  } catch (error) {
    // It changed nothing: the VM is somebody else's, and so is a migration that runs.
    if (typeOf(error) === 'VmBusy') throw error;
    // Temporal tries no activity again that was asked to end. One that died of it, or could not ask a host, may have
    // left a migration that runs on: the operation has ended when that is gone and both hosts were asked.
    const report = await endNow(order);
    return CancellationScope.current().consideredCancelled ? { report } : { report, spent: told(error) };
  }
}

async function endNow(order: MoveOrder): Promise<MoveVmReport> {
  const wholeMs = budgets.endNowMs;
  const times = { attemptMs: Math.min(wholeMs, budgets.settleAttemptMs), wholeMs };
  try {
    return await CancellationScope.nonCancellable(() => moveVm({ ...order, endNow: true }, times));
  } catch (error) {
    const reason = `where it is was not found out, though both hosts were asked for ${wholeMs / 1000} s`;
    throw ApplicationFailure.create({
      ...needsOperator(order, reason, told(error)),
      cause: error as Error,
    });
  }
}

function moveVm({ keepaliveSeconds, ...request }: MoveOrder, times: Times): Promise<MoveVmReport> {
  const activities = proxyActivities<HostActivities>({
    taskQueue: datacenterTaskQueue(request.datacenter),
    heartbeatTimeout: moveHeartbeatMs(keepaliveSeconds),
    startToCloseTimeout: times.attemptMs,
    scheduleToCloseTimeout: times.wholeMs,
    // A move that is canceled has ended when its job is gone and both hosts were asked, not before.
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    // The first at once: a VM may stand still since its worker died.
    retry: { initialInterval: '200ms', maximumInterval: '30s' },
    summary: `${request.vm.name}: ${request.from} to ${request.to}`,
  });
  return activities.moveVm(request);
}

/** @param cause what the migration, or the last attempt to ask, said */
export function needsOperator(
  { vm, from, to }: Pick<MoveVmRequest, 'vm' | 'from' | 'to'>,
  reason: string,
  cause: string | undefined,
): PermanentFailure {
  return permanent(
    'NeedsOperator',
    `${vm.name} (UUID ${vm.uuid}) needs a person: ${reason}. Look at it on ${from} and on ${to} ` +
      `(virsh domstate --reason ${vm.uuid}), end or start it there, and then tell Drover: drover settle ${vm.name}.${cause ? ` The migration said: ${cause}` : ''}`,
  );
}
