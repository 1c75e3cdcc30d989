/**
 * Moves a running VM: starts the migration or re-attaches to the one that runs, follows it with measured progress,
 * commits it, and asks both hosts until they agree on where the VM is. The job belongs to the hosts (peer to peer), so
 * it outlives a worker, and a retry looks before it acts.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { permanent } from '../model/failures.ts';
import type { MigrationProgress, MoveFigures, MoveOutcome } from '../model/migrate-vm.ts';
import { HostRefused } from './hosts/errors.ts';
import type { Hosts, KnownHost } from './hosts/hosts.ts';
import { BothHosts, type Seen } from './move/both-hosts.ts';
import { commit } from './move/commit.ts';
import { begin, detached, follow, isCanceled, type Followed } from './move/follow.ts';
import { SourceEvents } from './move/source-events.ts';

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
  /** No attempt of this operation came before: a migration that runs already is somebody else's. */
  readonly isFirst: boolean;
  /** What an earlier attempt told last. */
  readonly earlier?: MigrationProgress;
  readonly progress: (progress: MigrationProgress) => void;
}

const lookEveryMs = 200;
/** libvirt ends a QEMU process in 1.2 to 2 s on a quiet machine, and waits for a silent peer as long as its keepalive. */
const cleanUpMs = 30_000;

/** What an attempt knows of the move beyond what the hosts say. */
interface Course {
  /** This attempt has found a migration running, or its end. */
  reattached: boolean;
  ordered: boolean;
  committed: boolean;
  aborted?: Followed['aborted'];
  cause?: string;
  standstillMs?: number;
}

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
  await using both = new BothHosts(hosts, known, request.vm.uuid);
  const course: Course = { reattached: false, ordered: false, committed: false };
  let deadline = performance.now() + cleanUpMs;
  for (;;) {
    if (context.detached.aborted) throw detached();
    const seen = await both.look();
    if (seen.hasJob && context.isFirst && !course.ordered && !request.endNow) throw busy(request);
    // After the commit a job is only libvirt's own tidying.
    const isMoving = seen.hasJob && !course.committed;
    if (isMoving || mayBegin(seen, course, request, context)) {
      await migrate(hosts, both, known.target, request, context, course);
      deadline = performance.now() + cleanUpMs;
      continue;
    }
    if (seen.source.kind === 'unknown' || seen.target.kind === 'unknown') {
      const { reason } = seen.settlement;
      throw new Error(course.cause ? `${reason} (${course.cause})` : reason);
    }
    if (!course.ordered && !context.isFirst) course.reattached = true;
    if (seen.next === 'nothing' || seen.next === 'ask')
      return await report(both, seen, request, context, course);
    // Both hosts have answered all the time, and it did not come to rest: waiting brings no more.
    if (performance.now() > deadline) return stuck(seen, request, context, course);
    await take(seen, both, request, course);
    await pause(lookEveryMs);
  }
}

/** Only a VM that runs at its source alone is moved, and by one order of an attempt. */
function mayBegin(
  { next, source }: Seen,
  course: Course,
  request: MoveVmRequest,
  context: MoveContext,
): boolean {
  const runs = source.kind === 'present' && source.state === 'running';
  return runs && next === 'nothing' && !course.ordered && !isCanceled(request, context);
}

/** Begins the migration, or goes on with the one that runs, up to its commit. */
async function migrate(
  hosts: Hosts,
  both: BothHosts,
  to: KnownHost,
  request: MoveVmRequest,
  context: MoveContext,
  course: Course,
): Promise<void> {
  const { uuid } = request.vm;
  const source = await both.session('source');
  const isRunning = (await source.migrationProgress(uuid)) !== undefined;
  if (isRunning) course.reattached = true;
  // Everything that the commit needs is open before it: nothing may stand between its steps.
  const events = await SourceEvents.listen(await both.another('source'), uuid);
  const target = await both.session('target').catch((error: unknown) => {
    // One that runs can be watched and aborted without its target; none is begun so.
    if (isRunning) return undefined;
    throw error;
  });
  const ready = Promise.withResolvers<void>();
  await target?.watch((event) => {
    if (event.uuid === uuid && event.kind === 'suspended' && event.detail === 'paused') ready.resolve();
  });
  const order = isRunning ? undefined : begin(source, to, request);
  course.ordered = true;
  const { end, aborted, cause } = await follow(source, request, context, {
    order,
    ready: ready.promise,
    settings: hosts.site.migrations,
    openTarget: () => hosts.open(to),
  });
  if (aborted) course.aborted = aborted;
  if (cause !== undefined) course.cause = cause;
  if (end === 'over' || !target) return;
  const ended = await commit(uuid, { events, source, target });
  course.committed = ended.committed;
  if (ended.committed && ended.standstillMs !== undefined) course.standstillMs = ended.standstillMs;
}

/** One step towards the end, as the states of both hosts allow it. A refusal is looked at again. */
async function take(seen: Seen, both: BothHosts, request: MoveVmRequest, course: Course): Promise<void> {
  const { uuid } = request.vm;
  try {
    switch (seen.next) {
      case 'commit': {
        const [source, target] = await Promise.all([both.session('source'), both.session('target')]);
        const events = await SourceEvents.listen(await both.another('source'), uuid);
        await commit(uuid, { events, source, target });
        return;
      }
      case 'resumeTarget':
        await (await both.session('target')).resume(uuid);
        return;
      case 'endTarget':
        await both.end('target', seen.target);
        return;
      case 'endSource':
        await both.end('source', seen.source);
        return;
      case 'wait':
      case 'nothing':
      case 'ask':
        return;
      default:
        throw new TypeError(`no such step: ${String(seen.next satisfies never)}`);
    }
  } catch (error) {
    if (!(error instanceof HostRefused)) throw error;
    course.cause ??= error.message;
  }
}

async function report(
  both: BothHosts,
  { settlement: { outcome, reason } }: Seen,
  request: MoveVmRequest,
  context: MoveContext,
  course: Course,
): Promise<MoveVmReport> {
  const measured = outcome === 'moved' ? await figures(both, request.vm.uuid, course) : {};
  return { outcome, reason, ...told(request, context, course), figures: measured };
}

/** It has not come to rest, though both hosts answer. */
function stuck(
  { settlement: { outcome, reason } }: Seen,
  request: MoveVmRequest,
  context: MoveContext,
  course: Course,
): MoveVmReport {
  const left = outcome === 'inDoubt' ? reason : `${reason}; what is left of the move could not be removed`;
  return { outcome: 'inDoubt', reason: left, ...told(request, context, course), figures: {} };
}

function told(
  request: MoveVmRequest,
  context: MoveContext,
  { aborted, cause, ordered, reattached }: Course,
): Pick<MoveVmReport, 'cause' | 'canceled' | 'reattached'> {
  const canceled = aborted === 'canceled' || (!ordered && isCanceled(request, context));
  return { ...(cause === undefined ? {} : { cause }), canceled, reattached };
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
