/** One operation at a time acts on a VM: the child workflow `holdVm` with the VM's id stands for that right. */
import {
  ApplicationFailure,
  CancellationScope,
  ParentClosePolicy,
  proxyActivities,
  sleep,
  startChild,
  workflowInfo,
  type ChildWorkflowHandle,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { Activities } from '../activities/activities.ts';
import type { Holder } from '../activities/operations.ts';
import { permanent, type PermanentFailure } from '../model/failures.ts';
import { taskQueue, vmHoldId } from '../model/operations.ts';
import { budgets } from './budgets.ts';
import { growingPausesMs } from './growing-pauses.ts';
import { holdVm, releaseHold } from './hold-vm.ts';
import { withinBudget } from './within-budget.ts';

const { readHolder } = proxyActivities<Activities>({
  taskQueue,
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: budgets.questionMs,
});

/**
 * Runs `work` while this operation holds the VM; lets go afterwards, however it ends.
 * @param whenLost called when somebody else ends the hold before the work is done. The work goes on: a move that is
 *   under way is not stopped by letting go of it
 * @throws ApplicationFailure `VmBusy` that names the operation which holds it
 */
export async function holdVmWhile<T>(
  vm: string,
  work: () => Promise<T>,
  whenLost: (note: string) => void,
): Promise<T> {
  const hold = await startHold(vm);
  let isOver = false;
  let isLost = false;
  const lose = (): void => {
    if (isOver || isLost) return;
    isLost = true;
    whenLost(`the hold ${vmHoldId(vm)} was ended by somebody`);
  };
  const ended = hold.result().then(lose, lose);
  try {
    return await work();
  } finally {
    // Nothing is thrown from here: it would hide how the work ended.
    await CancellationScope.nonCancellable(async () => {
      if (isLost) return;
      try {
        await hold.signal(releaseHold);
      } catch {
        // It ended a moment ago. If it did not, it ends with this operation: its parent close policy sees to that.
        lose();
        return;
      }
      isOver = true;
      // The next operation may come at once: the id must be free before this one has ended.
      await ended;
    });
  }
}

async function startHold(vm: string): Promise<ChildWorkflowHandle<typeof holdVm>> {
  const startedMs = Date.now();
  const pausesMs = growingPausesMs(budgets.holdPauses);
  for (;;) {
    try {
      // A request to cancel reaches the work; the VM is held until that has really ended.
      return await CancellationScope.nonCancellable(() =>
        startChild(holdVm, {
          workflowId: vmHoldId(vm),
          taskQueue,
          parentClosePolicy: ParentClosePolicy.TERMINATE,
          args: [{ vm, operation: workflowInfo().workflowId }],
        }),
      );
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    const holder = await withinBudget(`the question who holds ${vm}`, budgets.questionMs, () =>
      readHolder({ vm }),
    );
    if (holder?.isRunning) throw ApplicationFailure.create(busyWith(vm, holder));
    const pauseMs = pausesMs.next().value;
    if (Date.now() - startedMs + pauseMs > budgets.holdMs) {
      throw ApplicationFailure.create(
        permanent(
          'VmBusy',
          `${vm} is busy: the operation that held it has ended, and its hold ${vmHoldId(vm)} has not within ${budgets.holdMs / 1000} s. ${toEndHold(vm)}`,
          holder,
        ),
      );
    }
    // The holder has ended or was terminated, and the server is about to end its hold.
    await sleep(pauseMs, { summary: `${vm} is about to be free` });
  }
}

function busyWith(vm: string, holder: Holder): PermanentFailure {
  const { workflowId, since } = holder;
  const message =
    workflowId === vmHoldId(vm)
      ? `${vm} is busy: ${workflowId} holds it since ${since}, which no operation started. ${toEndHold(vm)}`
      : `${vm} is busy: the operation ${workflowId} acts on it since ${since}. Wait for it (drover watch ${workflowId}) or cancel it.`;
  return permanent('VmBusy', message, holder);
}

function toEndHold(vm: string): string {
  return `When nobody acts on ${vm}, terminate that workflow in Temporal (temporal workflow terminate --workflow-id ${vmHoldId(vm)}) and start again.`;
}
