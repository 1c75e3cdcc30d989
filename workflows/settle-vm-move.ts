/** A move that an operation has left: it is ended, and both hosts say where the VM is. */
import {
  ActivityCancellationType,
  CancellationScope,
  CancelledFailure,
  isCancellation,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { HostActivities } from '../activities/activities.ts';
import type { MoveVmReport, MoveVmRequest } from '../activities/move-vm.ts';
import { datacenterTaskQueue, vmRecordId } from '../model/operations.ts';
import type { MoveUnderWay } from '../model/vm-record.ts';
import { budgets } from './budgets.ts';
import { moveHeartbeatMs } from './move-heartbeat.ts';
import { lastFailureOfSpent } from './within-budget.ts';

/**
 * Starts nothing. `inDoubt` where a host did not answer in time: a quarter of an hour where somebody waits for the
 * answer; where the VM's record has begun it, and so nobody would ask again, as long as a move has for it.
 * @param epoch of the lease that was taken over
 */
export async function settleMove(
  vm: string,
  { uuid, datacenter, from, to, keepaliveSeconds = 30 }: MoveUnderWay,
  epoch: number,
): Promise<Pick<MoveVmReport, 'outcome' | 'reason'>> {
  const isByRecord = workflowInfo().parent?.workflowId === vmRecordId(vm);
  const wholeMs = isByRecord ? budgets.settleMs : budgets.endNowMs;
  const { moveVm } = proxyActivities<HostActivities>({
    taskQueue: datacenterTaskQueue(datacenter),
    heartbeatTimeout: moveHeartbeatMs(keepaliveSeconds),
    startToCloseTimeout: Math.min(wholeMs, budgets.settleAttemptMs),
    scheduleToCloseTimeout: wholeMs,
    // An attempt that is under way may be ending a copy: it is over when it says so.
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: '1s', maximumInterval: '30s' },
    summary: `${vm}: ${from} to ${to}, ended`,
  });
  const lease = { workflowId: workflowInfo().workflowId, epoch };
  const order: MoveVmRequest = {
    vm: { name: vm, uuid },
    datacenter,
    from,
    to,
    lease,
    timeoutSeconds: 1,
    endNow: true,
  };
  try {
    return await moveVm(order);
  } catch (error) {
    // An attempt that was asked to end and could not ask a host is not tried again.
    if (!isCancellation(error) && CancellationScope.current().consideredCancelled)
      throw new CancelledFailure('canceled', undefined, error as Error);
    const spent = lastFailureOfSpent(error);
    if (spent === undefined) throw error;
    const reason = `${from} and ${to} were asked for ${wholeMs / 1000} s, and the last attempt said: ${spent}`;
    return { outcome: 'inDoubt', reason };
  }
}
