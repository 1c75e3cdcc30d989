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
import { permanent } from '../model/failures.ts';
import { taskQueue, vmHoldId } from '../model/operations.ts';
import { holdVm, releaseHold } from './hold-vm.ts';

const { readHolder } = proxyActivities<Activities>({
  taskQueue,
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '5m',
});

/**
 * Runs `work` while this operation holds the VM; lets go afterwards, however it ends.
 * @throws ApplicationFailure `VmBusy` that names the operation which holds it
 */
export async function holdVmWhile<T>(vm: string, work: () => Promise<T>): Promise<T> {
  const hold = await startHold(vm);
  try {
    return await work();
  } finally {
    await CancellationScope.nonCancellable(async () => {
      await hold.signal(releaseHold);
      // The next operation may come at once: the id must be free before this one has ended.
      await hold.result();
    });
  }
}

async function startHold(vm: string): Promise<ChildWorkflowHandle<typeof holdVm>> {
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
    const holder = await readHolder({ vm });
    if (holder?.isRunning) {
      throw ApplicationFailure.create(
        permanent(
          'VmBusy',
          `${vm} is busy: the operation ${holder.workflowId} acts on it since ${holder.since}. Wait for it (drover watch ${holder.workflowId}) or cancel it.`,
          holder,
        ),
      );
    }
    // The holder has ended or was terminated, and the server is about to end its hold.
    await sleep('200ms', { summary: `${vm} is about to be free` });
  }
}
