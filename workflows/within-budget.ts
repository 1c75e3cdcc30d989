/** Activities are retried until their time is over; then the operation ends by a name, not by Temporal's words. */
import { ActivityFailure, ApplicationFailure, TimeoutFailure, isCancellation } from '@temporalio/workflow';
import { permanent } from '../model/failures.ts';

/**
 * An activity that only reads, with all its attempts.
 * @param tried what it does, for the message: `the check of web1 in berlin`
 * @param budgetMs its `scheduleToCloseTimeout`
 * @throws ApplicationFailure `BudgetSpent` when its time is over; its own permanent failures as they are
 */
export async function withinBudget<T>(tried: string, budgetMs: number, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const last = lastFailureOfSpent(error);
    if (last === undefined) throw error;
    throw ApplicationFailure.create({
      ...permanent(
        'BudgetSpent',
        `${tried} did not succeed within ${budgetMs / 1000} s: ${last}. Nothing was changed; when that is mended, start the operation again.`,
        { tried, budgetMs, last },
      ),
      cause: error as Error,
    });
  }
}

/** Why the last attempt of an activity failed whose time is over; undefined for any other failure. */
export function lastFailureOfSpent(error: unknown): string | undefined {
  if (!(error instanceof ActivityFailure) || isCancellation(error)) return undefined;
  // Its retry state does not tell: the server calls a time that is over without any attempt not retryable too.
  if (error.cause instanceof ApplicationFailure && error.cause.nonRetryable) return undefined;
  return messageOfFailure(error);
}

/** The message at the bottom of a failure, in words that a person understands. */
export function messageOfFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return messageOfFailure(error.cause);
  if (!(error instanceof TimeoutFailure)) return error.message;
  return error.timeoutType === 'HEARTBEAT'
    ? 'the worker that was at it fell silent'
    : 'no worker answered (is one running for it? drover up)';
}

/**
 * An activity of a datacenter that has a `scheduleToStartTimeout`: where no worker has begun it by then, nobody polls
 * that queue, or all are too busy.
 * @param away the answer in that case
 */
export async function unlessAway<T>(call: () => Promise<T>, away: T): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const isAway =
      error instanceof ActivityFailure &&
      error.cause instanceof TimeoutFailure &&
      error.cause.timeoutType === 'SCHEDULE_TO_START';
    if (isAway) return away;
    throw error;
  }
}

/** In the place of its hosts' names, which this side does not know. */
export function hostsWithoutWorker(datacenter: string): string {
  return `all hosts of ${datacenter}, where no worker answers`;
}
