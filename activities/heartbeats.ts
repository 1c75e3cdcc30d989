/** Signs of life for work that has no progress of its own to tell. */
import { Context } from '@temporalio/activity';

export const heartbeatEveryMs = 1000;

/**
 * Tells Temporal every second that the work goes on, so that a worker that dies in it is noticed by the heartbeat
 * timeout and not only when all of the activity's time is over.
 */
export async function heartbeating<T>(work: () => Promise<T>): Promise<T> {
  const context = Context.current();
  const beats = setInterval(() => context.heartbeat(), heartbeatEveryMs);
  try {
    return await work();
  } finally {
    clearInterval(beats);
  }
}
