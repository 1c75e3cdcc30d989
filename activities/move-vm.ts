/**
 * Moves a running VM: starts the migration or re-attaches to the one that runs, follows it with measured progress,
 * and afterwards asks both hosts where the VM is. The job belongs to the hosts (peer to peer), so it outlives a
 * worker, and a retry looks before it acts.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { permanent } from '../model/failures.ts';
import type { MigrationProgress, MoveFigures, MoveOutcome } from '../model/migrate-vm.ts';
import { settle, type Settlement, type Sight } from '../policies/settle/settle.ts';
import type { VmSight } from '../model/inventory.ts';
import type { HostSession } from './hosts/driver.ts';
import { HostRefused, messageOf } from './hosts/errors.ts';
import type { Hosts, KnownHost } from './hosts/hosts.ts';

export interface MoveVmRequest {
  readonly vm: { readonly name: string; readonly uuid: string };
  readonly from: string;
  readonly to: string;
  /** Default: the hypervisor's own (300 ms with QEMU). */
  readonly maxDowntimeMs?: number;
  readonly bandwidthMiBps?: number;
  /** The copy is aborted after so many seconds. */
  readonly timeoutSeconds: number;
  /** Starts nothing: aborts what runs, and finds out where the VM is. For a move that was canceled. */
  readonly endNow?: boolean;
}

export interface MoveVmReport {
  readonly outcome: MoveOutcome;
  /** What both hosts said, in a sentence. */
  readonly reason: string;
  /** Why the migration ended without a move, as the hypervisor or the budget said. */
  readonly cause?: string;
  readonly canceled: boolean;
  readonly reattached: boolean;
  readonly figures: MoveFigures;
}

/** How the activity's surroundings reach it; Temporal's context in the worker. */
export interface MoveContext {
  /** Raised when a person, or the operation, asks for the move to end: the migration is aborted. */
  readonly cancelRequested: AbortSignal;
  /** Raised when this attempt must let go, because its worker stops or another attempt runs: nothing is aborted. */
  readonly detached: AbortSignal;
  readonly progress: (progress: MigrationProgress | undefined) => void;
}

const lookEveryMs = 200;
/** libvirt ends a QEMU process in 1.2 to 2 s on a quiet machine. */
const cleanUpMs = 30_000;
/** An order that is not answered though no migration runs at the source: it, or its answer, was lost on the way. */
const unansweredMs = 15_000;

export async function moveVm(
  hosts: Hosts,
  request: MoveVmRequest,
  context: MoveContext,
): Promise<MoveVmReport> {
  const [from, to] = [knownHost(hosts, request.from), knownHost(hosts, request.to)];
  await using source = await hosts.open(from);
  const { uuid } = request.vm;

  const before = await source.migrationProgress(uuid);
  if (!before) {
    const { outcome, reason } = await settled(hosts, request, context);
    // A former attempt may have ended, or a person may have acted: only a VM that runs at its source is moved.
    if (outcome !== 'stayed') {
      const figures = outcome === 'moved' ? await figuresAt(hosts, to, uuid) : {};
      return { outcome, reason, canceled: false, reattached: true, figures };
    }
  }
  if (isCanceled(request, context) && !before) {
    return {
      outcome: 'stayed',
      reason: `${request.vm.name} runs on ${request.from}`,
      canceled: true,
      reattached: false,
      figures: {},
    };
  }

  const job = before ? undefined : begin(source, to, request);
  const end = await follow(source, request, context, job);
  const { outcome, reason } = await settled(hosts, request, context, end.cause);
  return {
    outcome,
    reason,
    ...(end.cause === undefined ? {} : { cause: end.cause }),
    canceled: end.aborted === 'canceled',
    reattached: before !== undefined,
    figures: outcome === 'moved' ? await figuresAt(hosts, to, uuid) : {},
  };
}

function isCanceled(request: MoveVmRequest, context: MoveContext): boolean {
  return request.endNow === true || context.cancelRequested.aborted;
}

/** A running order: how it ended once it did. */
interface Job {
  ended?: { readonly refusal?: string; readonly lost?: Error };
  readonly done: Promise<void>;
}

function begin(source: HostSession, to: KnownHost, request: MoveVmRequest): Job {
  const order = {
    to: to.address,
    ...(request.bandwidthMiBps === undefined ? {} : { bandwidthMiBps: request.bandwidthMiBps }),
  };
  const job: { ended?: Job['ended']; done: Promise<void> } = { done: Promise.resolve() };
  job.done = source.migrate(request.vm.uuid, order).then(
    () => void (job.ended = {}),
    (error: unknown) => {
      if (error instanceof HostRefused) job.ended = { refusal: messageOf(error) };
      else job.ended = { lost: error instanceof Error ? error : new Error(String(error)) };
    },
  );
  return job as Job;
}

/** Watches the job until it is gone; aborts it when asked to, or when its time is up. */
async function follow(
  source: HostSession,
  request: MoveVmRequest,
  context: MoveContext,
  job: Job | undefined,
): Promise<{ aborted?: 'canceled' | 'timeout'; cause?: string }> {
  const deadline = performance.now() + request.timeoutSeconds * 1000;
  let aborted: 'canceled' | 'timeout' | undefined;
  let isDowntimeSet = request.maxDowntimeMs === undefined;
  let lastSeen = performance.now();
  for (;;) {
    if (context.detached.aborted) {
      throw ApplicationFailure.retryable(
        'this worker lets go of the move; the migration goes on and the next attempt re-attaches',
        'Detached',
      );
    }
    if (job?.ended) {
      if (job.ended.lost) throw job.ended.lost;
      const cause = aborted === 'timeout' ? timeoutCause(request) : job.ended.refusal;
      return { ...(aborted ? { aborted } : {}), ...(cause === undefined ? {} : { cause }) };
    }
    const progress = await source.migrationProgress(request.vm.uuid);
    context.progress(progress);
    if (progress) lastSeen = performance.now();
    else if (performance.now() - lastSeen > unansweredMs) {
      throw new Error(
        `${request.from} has not answered the order to move ${request.vm.name}, and no migration has run there for ${unansweredMs / 1000} s`,
      );
    }
    if (!job && !progress)
      return {
        ...(aborted ? { aborted } : {}),
        ...(aborted === 'timeout' ? { cause: timeoutCause(request) } : {}),
      };
    if (progress && !isDowntimeSet && request.maxDowntimeMs !== undefined) {
      await source.setMaxDowntime(request.vm.uuid, request.maxDowntimeMs);
      isDowntimeSet = true;
    }
    if (!aborted && isCanceled(request, context)) aborted = 'canceled';
    if (!aborted && performance.now() > deadline) aborted = 'timeout';
    // An order to abort is repeated until no job is left: one that came before the job began was not heard.
    if (aborted) await source.abortMigration(request.vm.uuid);
    await Promise.race([pause(lookEveryMs), ...(job ? [job.done] : [])]);
  }
}

function timeoutCause(request: MoveVmRequest): string {
  return `the copy was not done after ${request.timeoutSeconds} s (timeoutSeconds): the VM writes faster than its memory is copied, or the network is slow`;
}

/**
 * Asks both hosts until what they say is an end: after a migration that was given up, the target's hypervisor takes a
 * second or two to remove its half of the VM, and nothing of it must be left when the operation ends. Where both hosts
 * have answered all the time and it is still in doubt, waiting brings no more: a person has to look.
 * @throws Error when a host did not answer: what can't be known yet is looked at again, by the next attempt
 */
async function settled(
  hosts: Hosts,
  request: MoveVmRequest,
  context: MoveContext,
  cause?: string,
): Promise<Settlement> {
  const deadline = performance.now() + cleanUpMs;
  for (;;) {
    const { settlement, source, target } = await look(hosts, request);
    const isClean = settlement.outcome !== 'stayed' || target.kind === 'absent';
    if (settlement.outcome !== 'inDoubt' && isClean) return settlement;
    if (source.kind === 'unknown' || target.kind === 'unknown')
      throw new Error(cause ? `${settlement.reason} (${cause})` : settlement.reason);
    if (performance.now() > deadline) return settlement;
    context.progress(undefined);
    await pause(lookEveryMs);
  }
}

/** Asks both hosts where the VM runs. */
async function look(
  hosts: Hosts,
  request: MoveVmRequest,
): Promise<{ readonly settlement: Settlement; readonly source: Sight; readonly target: Sight }> {
  const [source, target] = await Promise.all([
    sightAt(hosts, knownHost(hosts, request.from), request.vm.uuid),
    sightAt(hosts, knownHost(hosts, request.to), request.vm.uuid),
  ]);
  return { settlement: settle(source, target), source, target };
}

async function sightAt(hosts: Hosts, host: KnownHost, uuid: string): Promise<Sight> {
  try {
    await using session = await hosts.open(host);
    const sight: VmSight = await session.sight(uuid);
    return sight;
  } catch (error) {
    return { kind: 'unknown', reason: messageOf(error) };
  }
}

async function figuresAt(hosts: Hosts, host: KnownHost, uuid: string): Promise<MoveFigures> {
  await using session = await hosts.open(host);
  return await session.migrationFigures(uuid);
}

function knownHost(hosts: Hosts, name: string): KnownHost {
  const host = hosts.find(name);
  if (!host) {
    throw ApplicationFailure.create(
      permanent(
        'UnknownHost',
        `this worker's settings name no host ${name}: workers of one site need the same drover.yaml`,
      ),
    );
  }
  return host;
}
