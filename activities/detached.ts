/** When an attempt must let go of its work though nobody has asked for the work to end. */
import type { Context } from '@temporalio/activity';

/**
 * Raised when the worker of an attempt stops (after its `shutdownGraceTime`), or when the attempt was given up because
 * its heartbeat came too late and another one runs. Not by a request to cancel; after such a request Temporal's SDK tells
 * of nothing else.
 */
export function detachedSignal(context: Context): AbortSignal {
  const detach = new AbortController();
  context.cancellationSignal.addEventListener('abort', () => {
    if (!context.cancellationDetails?.cancelRequested) detach.abort();
  });
  return detach.signal;
}
