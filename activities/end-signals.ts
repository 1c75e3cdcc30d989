/** Why an attempt of an activity is to end before its work is done. */
import type { Context } from '@temporalio/activity';

export interface EndSignals {
  /** A person, or the operation, asks for the work to end. After that Temporal's SDK tells of nothing else. */
  readonly cancelRequested: AbortSignal;
  /**
   * The worker of the attempt stops (raised after its `shutdownGraceTime`), or the attempt was given up because its
   * heartbeat came too late and another one runs: it lets go of work that goes on without it.
   */
  readonly detached: AbortSignal;
}

export function endSignals(context: Context): EndSignals {
  const cancel = new AbortController();
  const detach = new AbortController();
  const { cancellationSignal } = context;
  const heed = (): void => (context.cancellationDetails?.cancelRequested ? cancel : detach).abort();
  if (cancellationSignal.aborted) heed();
  else cancellationSignal.addEventListener('abort', heed);
  return { cancelRequested: cancel.signal, detached: detach.signal };
}
