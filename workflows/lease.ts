/** The lease of a VM, as an operation takes it: at once, in its turn, or not at all. */
import {
  ActivityCancellationType,
  ApplicationFailure,
  condition,
  defineSignal,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { RecordActivities } from '../activities/records/record-activities.ts';
import { permanent } from '../model/failures.ts';
import { signals, taskQueue } from '../model/operations.ts';
import type { Rank } from '../model/ranks.ts';
import type {
  AcquireVm,
  AcquireVmAnswer,
  Claimant,
  Lease,
  LeaseGranted,
  MoveUnderWay,
} from '../model/vm-record.ts';
import { budgets } from './budgets.ts';
import { withinBudget } from './within-budget.ts';

const { acquireVm } = proxyActivities<RecordActivities>({
  taskQueue,
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: budgets.questionMs,
  // What it was granted must be known before it is let go.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  summary: 'ask the record for the lease of the VM',
});
const leaseGranted = defineSignal<[LeaseGranted]>(signals.leaseGranted);
const leaseInDoubt = defineSignal<[unknown]>(signals.leaseInDoubt);

/** The right to act on a VM, until it is released. */
export interface HeldLease {
  readonly epoch: number;
  /** What the last holder has left: to be settled before anything else. */
  readonly unsettled?: MoveUnderWay;
}

export interface LeaseOptions {
  /** Waits behind a holder of the same or a higher rank too; default false: refused. */
  readonly wait?: boolean;
  /** Told while it waits, with the lease that is in the way; and with nothing when its turn has come. */
  readonly onWait: (holder: Lease | undefined) => void;
}

/** This operation, as records know it. */
export function claimantOf(rank: Rank, reason: string | undefined): Claimant {
  const { workflowId, workflowType, firstExecutionRunId: runId } = workflowInfo();
  return { workflowId, runId, kind: workflowType, rank, ...(reason === undefined ? {} : { reason }) };
}

/** Asks once. */
export function askForLease(request: AcquireVm): Promise<AcquireVmAnswer> {
  return withinBudget(`the question for the lease of ${request.vm}`, budgets.questionMs, () =>
    acquireVm(request),
  );
}

/**
 * Takes the lease of a VM. One that its operation has left in doubt is taken over, to be settled first.
 * @throws ApplicationFailure `VmBusy` that names the holder
 */
export async function takeLease(
  vm: string,
  claimant: Claimant,
  { wait = false, onWait }: LeaseOptions,
): Promise<HeldLease> {
  let granted: LeaseGranted | undefined;
  setHandler(leaseGranted, (grant) => void (granted = grant), {
    description: 'Sent by the VM’s record: the lease is this operation’s now.',
  });
  let isDoubted = false;
  setHandler(leaseInDoubt, () => void (isDoubted = true), {
    description:
      'Sent by the VM’s record: its holder has ended in doubt, and this operation may settle that.',
  });
  let takeOver: number | undefined;
  for (;;) {
    isDoubted = false;
    const answer = await askForLease({
      vm,
      claimant,
      wait,
      ...(takeOver === undefined ? {} : { takeOver }),
    });
    if (answer.kind === 'granted') return answer;
    const { holder } = answer;
    if (holder.state === 'inDoubt' && takeOver !== holder.epoch) {
      takeOver = holder.epoch;
      continue;
    }
    if (answer.kind === 'refused') throw busyWith(vm, holder);
    onWait(holder);
    // The signal may be lost with a worker: asked again, the record says the same.
    await condition(() => granted !== undefined || isDoubted, budgets.askAgainMs, {
      summary: `then asks again for the lease of ${vm}`,
    });
    if (!granted) continue;
    onWait(undefined);
    return granted;
  }
}

/**
 * The holder's lease, above an epoch that the VM bears: nobody who acts by the one that it bears may change it any more.
 * @returns the epoch of the lease from now on
 */
export async function raiseLease(vm: string, claimant: Claimant, above: number): Promise<number> {
  const answer = await askForLease({ vm, claimant, above });
  if (answer.kind === 'granted') return answer.epoch;
  throw busyWith(vm, answer.holder);
}

/** `VmBusy`, with the holder as its data. */
export function busyWith(vm: string, { holder, since, state }: Lease): ApplicationFailure {
  const { workflowId } = holder;
  const message =
    state === 'inDoubt'
      ? `${vm} is busy: where it is could not be found out by ${workflowId}, and another operation is finding it out. Try again, or see drover describe vm ${vm}.`
      : `${vm} is busy: the operation ${workflowId} acts on it since ${since}. Wait for it (drover watch ${workflowId}) or cancel it (drover cancel ${workflowId}).`;
  return ApplicationFailure.create(permanent('VmBusy', message, { ...holder, since, state }));
}
