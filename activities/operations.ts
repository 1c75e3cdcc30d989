/** What Temporal itself knows of operations. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { vmHoldId } from '../model/operations.ts';

/** The operation that holds a VM. */
export interface Holder {
  /** That of the hold itself, `vm/NAME`, when no operation started it: a person did, and has to end it. */
  readonly workflowId: string;
  readonly isRunning: boolean;
  /** When it took the VM, in ISO 8601. */
  readonly since: string;
}

/** @returns undefined when nobody holds the VM */
export async function readHolder(client: Client, vm: string): Promise<Holder | undefined> {
  try {
    const hold = await client.workflow.getHandle(vmHoldId(vm)).describe();
    const parent = hold.parentExecution;
    if (hold.status.name !== 'RUNNING') return undefined;
    const since = hold.startTime.toISOString();
    if (!parent?.workflowId) return { workflowId: hold.workflowId, isRunning: true, since };
    const { status } = await client.workflow
      .getHandle(parent.workflowId, parent.runId ?? undefined)
      .describe();
    return {
      workflowId: parent.workflowId,
      isRunning: status.name === 'RUNNING',
      since,
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
