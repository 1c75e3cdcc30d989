/** How a run has ended, told apart as far as the harness needs it. */
import { setTimeout as pause } from 'node:timers/promises';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';

export type End =
  | { readonly kind: 'completed'; readonly answer: unknown }
  | { readonly kind: 'canceled' }
  | {
      readonly kind: 'failed';
      readonly type: string | undefined;
      /** Those of the failure and of all its causes. */
      readonly messages: readonly string[];
    };

const limitMs = 40_000;

/** @throws Error with what was last seen of it when it has not ended within 40 s; it is terminated then */
export async function endOf(handle: WorkflowHandle): Promise<End> {
  const limit = new AbortController();
  try {
    return await Promise.race([
      handle.result().then((answer: unknown): End => ({ kind: 'completed', answer }), failedEnd),
      pause(limitMs, undefined, { signal: limit.signal }).then(async () => {
        throw new Error(`${handle.workflowId} has not ended within ${limitMs} ms: ${await lastSeen(handle)}`);
      }),
    ]);
  } finally {
    limit.abort();
  }
}

function failedEnd(error: unknown): End {
  if (!(error instanceof WorkflowFailedError)) throw error;
  if (error.cause instanceof CancelledFailure) return { kind: 'canceled' };
  const messages: string[] = [];
  for (let at: unknown = error.cause; at instanceof Error; at = at.cause) messages.push(at.message);
  const type = error.cause instanceof ApplicationFailure ? (error.cause.type ?? undefined) : undefined;
  return { kind: 'failed', type, messages };
}

async function lastSeen(handle: WorkflowHandle): Promise<string> {
  const { raw } = await handle.describe();
  const { events } = await handle.fetchHistory();
  await handle.terminate('the test is over');
  const bug = events?.findLast((event) => event.workflowTaskFailedEventAttributes);
  return JSON.stringify({
    events: events?.length,
    pending: raw.pendingActivities?.map((one) => [
      one.activityType?.name,
      one.attempt,
      one.lastFailure?.message,
    ]),
    failedTask: bug?.workflowTaskFailedEventAttributes?.failure?.message,
    attemptOfTask: raw.pendingWorkflowTask?.attempt,
  });
}
