/** A migration under way: begun here or found running, watched until it ends or the VM stands ready at the target. */
import { setTimeout as pause } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import type { HostSession } from '../hosts/driver.ts';
import { HostRefused } from '../hosts/errors.ts';
import type { KnownHost } from '../hosts/hosts.ts';
import type { MoveContext, MoveVmRequest } from '../move-vm.ts';

const lookEveryMs = 200;
/** An order that is not answered though no migration runs at the source: it, or its answer, was lost on the way. */
const unansweredMs = 15_000;

/** An order that was given: how it ended once it did. */
export interface Order {
  ended?: { readonly refusal?: HostRefused; readonly lost?: Error };
  readonly done: Promise<void>;
}

/** Orders the migration; the VM stays paused at the target, and the source's definition stays. */
export function begin(source: HostSession, to: KnownHost, request: MoveVmRequest): Order {
  const order: { ended?: Order['ended']; done: Promise<void> } = { done: Promise.resolve() };
  const { bandwidthMiBps } = request;
  order.done = source
    .migrate(request.vm.uuid, {
      to: to.address,
      arrivesPaused: true,
      keepsDefinition: true,
      ...(bandwidthMiBps === undefined ? {} : { bandwidthMiBps }),
    })
    .then(
      () => void (order.ended = {}),
      (error: unknown) => {
        if (error instanceof HostRefused) order.ended = { refusal: error };
        else order.ended = { lost: error instanceof Error ? error : new Error(String(error)) };
      },
    );
  return order as Order;
}

export interface Followed {
  /** `ready`: paused at the target. `over`: the migration has ended in another way. */
  readonly end: 'ready' | 'over';
  readonly aborted?: 'canceled' | 'timeout';
  readonly cause?: string;
}

/**
 * Watches it; aborts it when asked to, or when its time is up.
 * @param order absent: another attempt gave it, this one found it running
 * @param ready resolves as the target reports the VM paused
 * @throws Error when an order stays unanswered, which says nothing about where the VM is
 */
export async function follow(
  source: HostSession,
  request: MoveVmRequest,
  context: MoveContext,
  { order, ready }: { readonly order: Order | undefined; readonly ready: Promise<void> },
): Promise<Followed> {
  let deadline: number | undefined;
  const { uuid, name } = request.vm;
  let isReady = false;
  const whenReady = ready.then(() => void (isReady = true));
  let aborted: Followed['aborted'];
  let isDowntimeSet = request.maxDowntimeMs === undefined;
  let seenMs = performance.now();
  const over = (cause?: string): Followed => ({
    end: 'over',
    ...(aborted ? { aborted } : {}),
    ...(cause === undefined ? {} : { cause }),
  });
  for (;;) {
    if (isReady) return { end: 'ready', ...(aborted ? { aborted } : {}) };
    if (context.detached.aborted) throw detached();
    if (order?.ended) {
      if (order.ended.lost) throw order.ended.lost;
      return over(aborted === 'timeout' ? timeoutCause(request) : order.ended.refusal?.message);
    }
    const progress = await source.migrationProgress(uuid);
    if (isReady) continue;
    if (progress) {
      context.progress(progress);
      seenMs = performance.now();
      // Its time began with the migration, not with the attempt that follows it now.
      deadline ??= seenMs + request.timeoutSeconds * 1000 - progress.elapsedMs;
    } else if (!order) return over(aborted === 'timeout' ? timeoutCause(request) : undefined);
    else if (performance.now() - seenMs > unansweredMs) {
      const since = `no migration has run there for ${unansweredMs / 1000} s`;
      throw new Error(`${request.from} has not answered the order to move ${name}, and ${since}`);
    }
    if (progress && !isDowntimeSet && request.maxDowntimeMs !== undefined) {
      await source.setMaxDowntime(uuid, request.maxDowntimeMs);
      isDowntimeSet = true;
    }
    if (!aborted && isCanceled(request, context)) aborted = 'canceled';
    if (!aborted && deadline !== undefined && performance.now() > deadline) aborted = 'timeout';
    // An order to abort is repeated until no job is left: one that came before the job began was not heard.
    if (aborted) await source.abortMigration(uuid);
    await Promise.race([pause(lookEveryMs), whenReady, ...(order ? [order.done] : [])]);
  }
}

/** Why this attempt ends without an end of the move. */
export function detached(): ApplicationFailure {
  return ApplicationFailure.retryable(
    'this worker lets go of the move; the migration goes on and the next attempt re-attaches',
    'Detached',
  );
}

export function isCanceled(request: MoveVmRequest, context: MoveContext): boolean {
  return request.endNow === true || context.cancelRequested.aborted;
}

function timeoutCause(request: MoveVmRequest): string {
  return `the copy was not done after ${request.timeoutSeconds} s (timeoutSeconds): the VM writes faster than its memory is copied, or the network is slow`;
}
