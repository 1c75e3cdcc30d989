/** The step `lease` of `settleVm`: takes the lease of a VM whose holder has ended, and gives it back. */
import { ApplicationFailure, CancellationScope, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { RecordActivities } from '../activities/records/record-activities.ts';
import type { LeaseRead, SettleActivities } from '../activities/settle/settle-activities.ts';
import { permanent } from '../model/failures.ts';
import { taskQueue } from '../model/operations.ts';
import type { SettleVmInput } from '../model/settle-vm.ts';
import type { Claimant, Lease, MoveUnderWay, ReleaseVm } from '../model/vm-record.ts';
import { budgets } from './budgets.ts';
import { withinBudget } from './within-budget.ts';

const asking = proxyActivities<RecordActivities & SettleActivities>({
  taskQueue,
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: budgets.questionMs,
});
/** What is held has to be let go, however long the records are away. */
const { letGoOfAll } = proxyActivities<RecordActivities>({
  taskQueue,
  startToCloseTimeout: '30s',
  retry: { maximumInterval: '30s' },
});

export interface HeldLease {
  readonly epoch: number;
  /** What the last holder left under way on hosts. */
  readonly unsettled?: MoveUnderWay;
  /** The lease before, which was in doubt or whose operation had ended. */
  readonly before?: Lease;
}

/** Where the VM is had to be found out; else the lease was free. */
export function isDoubted({ before, unsettled }: HeldLease): boolean {
  return before !== undefined || unsettled !== undefined;
}

/** Undefined: the VM has no record. */
export function readLease(vm: string): Promise<LeaseRead | undefined> {
  return withinBudget(`the question for the lease of ${vm}`, budgets.questionMs, () =>
    asking.readLease({ vm }),
  );
}

/** @throws ApplicationFailure `VmBusy` while the operation that holds it runs */
export async function takeLease(
  { vm, reason }: SettleVmInput,
  known: LeaseRead | undefined,
): Promise<HeldLease> {
  const claimant: Claimant = {
    workflowId: workflowInfo().workflowId,
    kind: 'settleVm',
    rank: 'person',
    ...(reason === undefined ? {} : { reason }),
  };
  let before = known?.lease;
  // It may come first by its rank, and waits for nobody.
  let isQueued = false;
  // Each turn is another holder that has ended since; a few can't be met in a row but by operations that fail at once.
  for (let turn = 1; turn <= 5; turn++) {
    // A holder that runs is not even asked: a record would ask one of a lower rank to stop.
    if (before && (await isHeld(before))) break;
    const takeOver = before?.epoch;
    const answer = await withinBudget(`the request for the lease of ${vm}`, budgets.questionMs, () =>
      asking.acquireVm({ vm, claimant, ...(takeOver === undefined ? {} : { takeOver }) }),
    );
    if (answer.kind === 'granted') {
      const { epoch, unsettled } = answer;
      return { epoch, ...(unsettled ? { unsettled } : {}), ...(before ? { before } : {}) };
    }
    before = answer.holder;
    isQueued = answer.kind === 'queued';
  }
  if (isQueued) {
    const message = `${before?.holder.workflowId} holds it`;
    await letGoOfAll({ vm: { vm, workflowId: claimant.workflowId, outcome: 'refused', message }, hosts: [] });
  }
  throw ApplicationFailure.create(
    permanent(
      'VmBusy',
      `${vm} is busy: the operation ${before?.holder.workflowId} acts on it since ${before?.since}, and settles it itself. ` +
        `Wait for it (drover watch ${before?.holder.workflowId}) or end it (drover cancel ${before?.holder.workflowId}).`,
      before?.holder,
    ),
  );
}

async function isHeld({ state, holder: { workflowId } }: Lease): Promise<boolean> {
  if (state === 'inDoubt') return false;
  return withinBudget(`the question whether ${workflowId} runs`, budgets.questionMs, () =>
    asking.isRunning({ workflowId }),
  );
}

/** How it ends; without `doubt` the lease is free, and so is all that its last holder held on hosts. */
export async function giveBack(
  { epoch, unsettled, before }: HeldLease,
  ending: Omit<ReleaseVm, 'workflowId' | 'epoch'>,
): Promise<void> {
  const { workflowId } = workflowInfo();
  const last = before?.holder.workflowId;
  const hosts =
    unsettled && last !== undefined && ending.doubt === undefined
      ? [unsettled.from, unsettled.to].map((host) => ({ host, workflowId: last }))
      : [];
  await CancellationScope.nonCancellable(() => letGoOfAll({ vm: { ...ending, workflowId, epoch }, hosts }));
}
