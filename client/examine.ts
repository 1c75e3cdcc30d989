/** Has the workers examine everything: starts `doctor` and waits for what it found. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { DoctorReport, DoctorRequest } from '../model/doctor.ts';
import { internalWorkflows, taskQueue } from '../model/operations.ts';
import { WorkersSilent } from './errors.ts';
import { Operation } from './operation.ts';
import type { Reach } from './reach.ts';

export interface ExamineOptions {
  /** Workers are silent that leave a task of it for so long; default 20,000. The examination takes as long as it takes. */
  readonly silenceMs?: number;
}

const lookEveryMs = 250;

/**
 * @throws WorkersSilent when workers leave it for so long; OperationFailed for a request that can't be;
 *   OperationCanceled, OperationTerminated; TemporalUnreachable
 */
export async function examine(
  { client, reach }: { readonly client: Client; readonly reach: Reach },
  request: DoctorRequest,
  { silenceMs = 20_000 }: ExamineOptions = {},
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
  const ended = new Operation<DoctorReport>(client, reach, workflowId).result();
  const over = new AbortController();
  try {
    return await Promise.race([ended, whileWorkersWork(handle, reach, silenceMs, over.signal)]);
  } catch (error) {
    // Nobody waits for it any more.
    if (error instanceof WorkersSilent) await reach.answer(() => handle.terminate('no worker took it up'));
    throw error;
  } finally {
    over.abort();
    ended.catch(() => undefined);
  }
}

/**
 * Never resolves while workers do their part.
 * @throws WorkersSilent when a task of it has been due for so long, at its begin or later
 */
async function whileWorkersWork(
  handle: WorkflowHandle,
  reach: Reach,
  mostMs: number,
  signal: AbortSignal,
): Promise<never> {
  let dueSinceMs: number | undefined;
  for (;;) {
    const { raw } = await reach.answer(() => handle.describe());
    dueSinceMs = raw.pendingWorkflowTask ? (dueSinceMs ?? performance.now()) : undefined;
    if (dueSinceMs !== undefined && performance.now() - dueSinceMs > mostMs) throw new WorkersSilent(mostMs);
    await pause(lookEveryMs, undefined, { signal });
  }
}
