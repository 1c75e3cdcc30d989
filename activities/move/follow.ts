/** A migration under way: begun here or found running, watched until it ends or the VM stands ready at the target. */
import { setTimeout as pause } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { defaultConvergence, type ConvergenceSettings } from '../../model/convergence.ts';
import type { MigrationProgress } from '../../model/migrate-vm.ts';
import { judgeCopy, noHistory } from '../../policies/convergence/convergence.ts';
import { firstDowntimeMs } from '../../policies/convergence/steps.ts';
import type { HostSession } from '../hosts/driver.ts';
import { HostRefused } from '../hosts/errors.ts';
import type { KnownHost } from '../hosts/hosts.ts';
import type { MoveContext, MoveVmRequest } from '../move-vm.ts';
import { DiskWatch } from './disk-watch.ts';

const lookEveryMs = 200;
/** An order that is not answered though no migration runs at the source: it, or its answer, was lost on the way. */
const unansweredMs = 15_000;

/** Why a migration is to be aborted, and on which account. */
export type Aborting = NonNullable<MigrationProgress['aborting']>;

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
  /** It was to be aborted; a migration that was about to end may be `ready` all the same. */
  readonly aborted?: 'canceled' | Aborting['kind'];
  readonly cause?: string;
  /** How the order was refused, by our own abort too. */
  readonly refusal?: HostRefused;
}

export interface Surroundings {
  /** Absent: another attempt gave it, this one found it running. */
  readonly order: Order | undefined;
  /** Resolves as the target reports the VM paused. */
  readonly ready: Promise<void>;
  /** How long it may try, where the settings say it. */
  readonly settings?: Partial<ConvergenceSettings>;
  /** Opens the target for a look at the VM's disks; absent: they are not looked at. */
  readonly openTarget?: () => Promise<HostSession>;
  /** Default: this process's own clock, which no one sets. */
  readonly nowMs?: () => number;
}

/**
 * Watches it: allows it longer halts while it does not converge, and aborts it when asked to, when its time is up, when
 * it gets no nearer to its end, or when the target can no longer open the VM's disks.
 * @throws Error when an order stays unanswered, which says nothing about where the VM is
 */
export async function follow(
  source: HostSession,
  request: MoveVmRequest,
  context: MoveContext,
  { order, ready, settings = {}, openTarget, nowMs = () => performance.now() }: Surroundings,
): Promise<Followed> {
  const { uuid, name } = request.vm;
  const held = { ...defaultConvergence, ...settings, ...limitsOf(request) };
  using disks =
    openTarget &&
    new DiskWatch({
      to: request.to,
      everySeconds: held.diskCheckSeconds,
      open: openTarget,
      definition: () => source.definition(uuid),
    });
  let isReady = false;
  const whenReady = ready.then(() => void (isReady = true));
  const whenOver = Promise.race([whenReady, ...(order ? [order.done] : [])]);
  // A migration that this attempt has begun has no past.
  const earlier = order ? undefined : context.earlier;
  let history = noHistory(held, earlier);
  // As the hypervisor has it now.
  let allowedDowntimeMs = earlier?.allowedDowntimeMs ?? firstDowntimeMs;
  let abort: 'canceled' | Aborting | undefined = earlier?.aborting;
  let seenMs = nowMs();
  let beganMs: number | undefined;

  const judged = (progress: MigrationProgress): void => {
    seenMs = nowMs();
    // Its time began with the migration, not with the attempt that follows it now.
    beganMs ??= seenMs - progress.elapsedMs;
    const judgement = judgeCopy(history, { progress, elapsedMs: seenMs - beganMs }, held);
    ({ history } = judgement);
    if (disks?.lost !== undefined) abort ??= { kind: 'diskLost', reason: disks.lost };
    abort ??= judgement.abort;
    const aborting = abort === 'canceled' ? undefined : abort;
    context.progress({ ...progress, allowedDowntimeMs, ...(aborting ? { aborting } : {}) });
  };

  const look = async (): Promise<Followed | undefined> => {
    const progress = await source.migrationProgress(uuid);
    if (isReady || order?.ended) return undefined;
    if (isCanceled(request, context)) abort ??= 'canceled';
    if (progress) judged(progress);
    else if (!order) return over(abort);
    else if (nowMs() - seenMs > unansweredMs) {
      const since = `no migration has run there for ${unansweredMs / 1000} s`;
      throw new Error(`${request.from} has not answered the order to move ${name}, and ${since}`);
    }
    // An order to abort is repeated until no job is left: one that came before the job began was not heard.
    if (abort) await source.abortMigration(uuid);
    else if (progress && history.allowedDowntimeMs !== allowedDowntimeMs) {
      await source.setMaxDowntime(uuid, history.allowedDowntimeMs);
      ({ allowedDowntimeMs } = history);
    }
    return undefined;
  };

  for (;;) {
    if (isReady) return { end: 'ready', ...abortedBy(abort) };
    if (context.detached.aborted) throw detached();
    if (order?.ended) {
      if (order.ended.lost) throw order.ended.lost;
      return over(abort, order.ended.refusal);
    }
    const looked = look();
    // Nobody waits for an answer that comes after the end.
    looked.catch(() => undefined);
    const followed = await Promise.race([looked, whenOver]);
    if (followed) return followed;
    await Promise.race([pause(lookEveryMs), whenOver]);
  }
}

function limitsOf({ timeoutSeconds, maxDowntimeMs, bandwidthMiBps }: MoveVmRequest): {
  readonly budgetSeconds: number;
  readonly maxDowntimeMs?: number;
  readonly bandwidthMiBps?: number;
} {
  return {
    budgetSeconds: timeoutSeconds,
    ...(maxDowntimeMs === undefined ? {} : { maxDowntimeMs }),
    ...(bandwidthMiBps === undefined ? {} : { bandwidthMiBps }),
  };
}

function over(abort: 'canceled' | Aborting | undefined, refusal?: HostRefused): Followed {
  const cause = typeof abort === 'object' ? abort.reason : refusal?.message;
  return {
    end: 'over',
    ...abortedBy(abort),
    ...(cause === undefined ? {} : { cause }),
    ...(refusal ? { refusal } : {}),
  };
}

function abortedBy(abort: 'canceled' | Aborting | undefined): Pick<Followed, 'aborted'> {
  if (abort === undefined) return {};
  return { aborted: abort === 'canceled' ? abort : abort.kind };
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
