/** What happens to an activity of a run, apart from what it does. */
import { Context } from '@temporalio/activity';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { until } from '../stand-in-worker.ts';

/**
 * - `refused`: it fails for good, and nothing was done
 * - `failedAfter`: it fails for good, and has taken effect, as one that timed out may have
 * - `lostOnce`: it takes effect, its completion is lost, and it is tried again
 * - `canceled`: the operation is canceled while it is at work, and it takes effect after that
 */
export type Mishap = 'refused' | 'failedAfter' | 'lostOnce' | 'canceled';

/** What a call fails with that the harness lets fail. */
export function faultOf(activity: string): string {
  return `the harness lets ${activity} fail`;
}

/** One attempt of the activity that this is called in. */
export async function withMishap(
  mishap: Mishap | undefined,
  activity: string,
  act: () => Promise<unknown>,
  temporal: Client,
): Promise<unknown> {
  const { attempt } = Context.current().info;
  if (mishap === 'refused') throw forGood(activity);
  if (mishap === 'canceled' && attempt === 1) await cancelOperation(temporal);
  const answer = await act();
  if (mishap === 'failedAfter') throw forGood(activity);
  if (mishap === 'lostOnce' && attempt === 1)
    throw new Error(`the harness loses the completion of ${activity}`);
  return answer;
}

function forGood(activity: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(faultOf(activity), 'HarnessFault');
}

/**
 * Cancels the operation and returns when it has taken that in: it waits for this activity, and has told it where it
 * means to; or it is over already, because it did not wait.
 */
async function cancelOperation(temporal: Client): Promise<void> {
  const { info, cancellationSignal, heartbeat } = Context.current();
  const handle = temporal.workflow.getHandle(info.workflowExecution?.workflowId ?? '');
  await handle.cancel();
  await until(`${handle.workflowId} takes in that it is canceled`, async () => {
    heartbeat();
    const since = await sinceCancellation(handle);
    if (!since) return undefined;
    const isOver = since.some((event) => closings.some((closing) => event[closing]));
    if (isOver) return true;
    const wentOn = since.some(
      (event) => event.activityTaskScheduledEventAttributes ?? event.timerStartedEventAttributes,
    );
    const isToBeTold = since.some((event) => event.activityTaskCancelRequestedEventAttributes);
    return !wentOn && (!isToBeTold || cancellationSignal.aborted) ? true : undefined;
  });
}

const closings = [
  'workflowExecutionCompletedEventAttributes',
  'workflowExecutionFailedEventAttributes',
  'workflowExecutionCanceledEventAttributes',
] as const;

/** What the workflow has done since it knows that it is canceled; undefined while it does not. */
async function sinceCancellation(handle: WorkflowHandle) {
  const events = (await handle.fetchHistory()).events ?? [];
  const canceled = events.findIndex((event) => event.workflowExecutionCancelRequestedEventAttributes);
  const started = events.findIndex(
    (event, index) => index > canceled && event.workflowTaskStartedEventAttributes,
  );
  const taken = events.findIndex(
    (event, index) => index > started && event.workflowTaskCompletedEventAttributes,
  );
  return canceled < 0 || started < 0 || taken < 0 ? undefined : events.slice(taken);
}
