/** Has the workers examine everything: starts `doctor` and waits for what it found. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { DoctorReport, DoctorRequest } from '../model/doctor.ts';
import { internalWorkflows, taskQueue } from '../model/operations.ts';
import { WorkersSilent } from './errors.ts';
import { Operation } from './operation.ts';
import type { Reach } from './reach.ts';

export interface ExamineOptions {
  /** A worker has so long to begin; default 20,000. The examination itself takes as long as it takes. */
  readonly startTimeoutMs?: number;
}

const lookEveryMs = 250;
/** Of a workflow that no worker has taken up: that it was started, and that a task of it is due. */
const eventsUntilTaken = 2;

/**
 * @throws WorkersSilent when no worker takes it up in time; OperationFailed for a request that can't be;
 *   OperationCanceled, OperationTerminated; TemporalUnreachable
 */
export async function examine(
  { client, reach }: { readonly client: Client; readonly reach: Reach },
  request: DoctorRequest,
  { startTimeoutMs = 20_000 }: ExamineOptions = {},
): Promise<DoctorReport> {
  const workflowId = `doctor/${new Date().toISOString()}-${process.pid}`;
  const handle = await reach.answer(() =>
    client.workflow.start(internalWorkflows.doctor, {
      workflowId,
      taskQueue,
      args: [request],
      staticSummary: `examination${request.hosts ? ` of ${String(request.hosts)}` : ''}`.slice(0, 200),
    }),
  );
  await untilTaken(handle, reach, startTimeoutMs);
  return await new Operation<DoctorReport>(client, reach, workflowId).result();
}

/** One that nobody takes up is withdrawn: nobody waits for it any more. */
async function untilTaken(handle: WorkflowHandle, reach: Reach, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const { historyLength } = await reach.answer(() => handle.describe());
    if (historyLength > eventsUntilTaken) return;
    if (performance.now() > deadline) {
      await reach.answer(() => handle.terminate('no worker took it up'));
      throw new WorkersSilent(timeoutMs);
    }
    await pause(lookEveryMs);
  }
}
