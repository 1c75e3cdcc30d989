/**
 * Moves a VM: starts the migration or re-attaches to the one that runs, follows it with measured progress, commits it,
 * and asks both hosts until they agree on where the VM is. The job belongs to the hosts (peer to peer), so it outlives
 * a worker, and a retry looks before it acts.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { permanent } from '../model/failures.ts';
import type { MigrationProgress, MoveFigures, MoveOutcome } from '../model/migrate-vm.ts';
import { conditionOf } from '../policies/settle/settle.ts';
import type { Hosts, KnownHost } from './hosts/hosts.ts';
import type { AttemptLease } from './move/attempt-lease.ts';
import { BothHosts, type Seen } from './move/both-hosts.ts';
import { Course } from './move/course.ts';
import type { MoveFault } from './move/fault.ts';
import { detached, isCanceled } from './move/follow.ts';
import { migrate, moveOf } from './move/migrate.ts';
import { takeStep } from './move/take-step.ts';

export interface MoveVmRequest {
  readonly vm: { readonly name: string; readonly uuid: string };
  readonly datacenter: string;
  readonly from: string;
  readonly to: string;
  /** The lease of the VM under which it moves. */
  readonly lease: { readonly workflowId: string; readonly epoch: number };
  /** Up to so much downtime is allowed, in steps; default: see `policies/convergence/`. */
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
  /** On whose account it ended without a move, where that is known. */
  readonly fault?: MoveFault;
  readonly canceled: boolean;
  readonly reattached: boolean;
  /** Neither copy could be shown to be the latest, so it was started from its disk; the reason says so. */
  readonly restarted?: boolean;
  readonly figures: MoveFigures;
}

/** How the activity's surroundings reach it; Temporal's context in the worker. */
export interface MoveContext {
  /** Raised when a person, or the operation, asks for the move to end: the migration is aborted. */
  readonly cancelRequested: AbortSignal;
  /** Raised when this attempt must let go, because its worker stops or another attempt runs: nothing is aborted. */
  readonly detached: AbortSignal;
  /** Temporal knows of no attempt before this one; after a reset of the operation there may have been some. */
  readonly isFirst: boolean;
  /** Names the activity among all of its operation. */
  readonly activity: string;
  readonly lease: AttemptLease;
  /** What an earlier attempt told last. */
  readonly earlier?: MigrationProgress;
  readonly progress: (progress: MigrationProgress) => void;
}

/** Between two looks, while the hosts come to rest. */
const lookEveryMs = 100;
const needsTwoLooks: ReadonlySet<Seen['next']> = new Set(['restart', 'ask', 'endTarget', 'endSource']);
/** libvirt ends a QEMU process in 1.2 to 2 s on a quiet machine, and waits for a silent peer as long as its keepalive. */
const cleanUpMs = 30_000;

/**
 * Looks at both hosts and does what brings the move to its end, again and again, until it has settled. Each attempt
 * asks and orders on sessions of its own.
 * @throws Error when a host did not answer: what can't be known yet is looked at again, by the next attempt
 */
export async function moveVm(
  hosts: Hosts,
  request: MoveVmRequest,
  context: MoveContext,
): Promise<MoveVmReport> {
  const known = { source: knownHost(hosts, request.from), target: knownHost(hosts, request.to) };
  await using both = new BothHosts(hosts, known, { uuid: request.vm.uuid, epoch: context.lease.epoch });
  const course = await begin(request, context, hosts.site.keepaliveSeconds);
  if (context.earlier?.aborting) course.goOnAborting(context.earlier.aborting);
  let deadline = performance.now() + cleanUpMs;
  let seenBefore: Seen['next'] | undefined;
  for (;;) {
    if (context.detached.aborted) throw detached();
    const seen = await both.look(course.facts);
    // No attempt came before: a migration that runs already is somebody else's.
    if (seen.hasJob && course.isFirst && !course.ordered && !request.endNow) throw busy(request);
    if (seen.hasJob || mayBegin(seen, course, request, context)) {
      await migrate(both, seen, { hosts, to: known.target, request, context, course });
      deadline = performance.now() + cleanUpMs;
      continue;
    }
    if (seen.source.kind === 'unknown' || seen.target.kind === 'unknown') {
      const { reason } = seen.settlement;
      throw new Error(course.cause ? `${reason} (${course.cause})` : reason);
    }
    // What ends a copy, or begins one, follows two looks: the answers of one are of different moments, and may be wrong.
    const isSure = seen.next === seenBefore || !needsTwoLooks.has(seen.next);
    seenBefore = seen.next;
    if (!isSure) {
      await pause(lookEveryMs);
      continue;
    }
    if (!course.ordered && !course.isFirst) course.reattached = true;
    if (seen.next === 'nothing' || seen.next === 'ask')
      return await report(both, seen, request, context, course);
    // Both hosts have answered all the time, and it did not come to rest: waiting brings no more.
    if (performance.now() > deadline) return stuck(seen, request, context, course);
    if (!(await takeStep(seen, both, { request, context, course }))) await pause(lookEveryMs);
  }
}

/**
 * Makes every earlier attempt stale before anything is looked at. The first attempt notes the move; a later one takes
 * over what those before it have noted.
 */
async function begin(
  request: MoveVmRequest,
  { lease, isFirst, activity }: MoveContext,
  keepaliveSeconds: number,
): Promise<Course> {
  const { from, to, endNow } = request;
  const move = moveOf(request, { wasPaused: false, keepaliveSeconds, activity });
  const mayBeFirst = isFirst && endNow !== true;
  const noted = await lease.confirm(mayBeFirst ? { move } : {});
  const isThis = noted?.from === from && noted.to === to;
  if (isThis) return new Course(noted, { isFirst: isFirst && noted.beganAnew !== true });
  if (endNow !== true) await lease.confirm({ move });
  return new Course({ wasPaused: false, notes: [] }, { isFirst });
}

/**
 * Only a VM that is at its source alone is moved, running or paused by a person, by one order of an
 * attempt, and not after it had to be started from its disk.
 */
function mayBegin(
  { next, source }: Seen,
  course: Course,
  request: MoveVmRequest,
  context: MoveContext,
): boolean {
  const mayMove =
    source.kind === 'present' && (source.state === 'running' || conditionOf(source) === 'halted');
  // Nor after an earlier attempt was to abort it, and has.
  const isUntouched =
    !course.ordered && course.aborted === undefined && !course.facts.notes.has('mayHaveRestarted');
  return mayMove && next === 'nothing' && isUntouched && !isCanceled(request, context);
}

async function report(
  both: BothHosts,
  { settlement: { outcome, reason } }: Seen,
  request: MoveVmRequest,
  context: MoveContext,
  course: Course,
): Promise<MoveVmReport> {
  const measured = outcome === 'moved' ? await figures(both, request.vm.uuid, course) : {};
  return { outcome, ...told(reason, request, context, course), figures: measured };
}

/** It has not come to rest, though both hosts answer. */
function stuck(
  { settlement: { outcome, reason } }: Seen,
  request: MoveVmRequest,
  context: MoveContext,
  course: Course,
): MoveVmReport {
  const left = outcome === 'inDoubt' ? reason : `${reason}; what is left of the move could not be removed`;
  return { outcome: 'inDoubt', ...told(left, request, context, course), figures: {} };
}

function told(
  reason: string,
  request: MoveVmRequest,
  context: MoveContext,
  course: Course,
): Pick<MoveVmReport, 'reason' | 'cause' | 'fault' | 'canceled' | 'reattached' | 'restarted'> {
  const { aborted, cause, fault, ordered, reattached } = course;
  const canceled = aborted === 'canceled' || (!ordered && isCanceled(request, context));
  const restarted = course.facts.notes.has('mayHaveRestarted');
  return {
    reason: restarted
      ? `it was restarted from disk, because neither copy could be shown to be the latest; ${reason}`
      : reason,
    ...(cause === undefined ? {} : { cause }),
    ...(fault === undefined ? {} : { fault }),
    canceled,
    reattached,
    ...(restarted ? { restarted } : {}),
  };
}

/** What the target's hypervisor measured, and what this attempt saw of it. */
async function figures(both: BothHosts, uuid: string, { standstillMs }: Course): Promise<MoveFigures> {
  const own = standstillMs === undefined ? {} : { standstillMs };
  try {
    return { ...(await (await both.session('target')).migrationFigures(uuid)), ...own };
  } catch {
    // The VM has moved, whatever can be told of how.
    return own;
  }
}

function busy({ vm, from }: MoveVmRequest): ApplicationFailure {
  return ApplicationFailure.create(
    permanent(
      'VmBusy',
      `${vm.name} is being migrated from ${from} by somebody else: wait for it, or abort it (virsh domjobabort ${vm.uuid})`,
    ),
  );
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
