/** The migration of a move: begun here, or found running, up to its commit. */
import { ApplicationFailure } from '@temporalio/common';
import { permanent } from '../../model/failures.ts';
import type { ConfirmAttempt, MoveUnderWay } from '../../model/vm-record.ts';
import type { HostSession } from '../hosts/driver.ts';
import { HostRefused } from '../hosts/errors.ts';
import type { Hosts, KnownHost } from '../hosts/hosts.ts';
import type { MoveContext, MoveVmRequest } from '../move-vm.ts';
import { conditionOf } from '../../policies/settle/settle.ts';
import type { BothHosts, Seen } from './both-hosts.ts';
import { commit, type CommitSessions } from './commit.ts';
import type { Course } from './course.ts';
import { begin, follow } from './follow.ts';
import { SourceEvents } from './source-events.ts';

/** What every part of an attempt is given. */
export interface Attempt {
  readonly request: MoveVmRequest;
  readonly context: MoveContext;
  readonly course: Course;
}

/** Begins the migration, or goes on with the one that runs, up to its commit. */
export async function migrate(
  both: BothHosts,
  seen: Seen,
  { hosts, to, request, context, course }: Attempt & { readonly hosts: Hosts; readonly to: KnownHost },
): Promise<void> {
  const { uuid } = request.vm;
  const { hasJob } = seen;
  if (hasJob) course.reattached = true;
  if (hasJob && seen.source.kind === 'present' && seen.source.state === 'running') course.knowsNobodyQuit();
  // Everything that the commit needs is open before it: nothing may stand between its steps.
  const [source, ordering, events, target] = await Promise.all([
    both.session('source'),
    hasJob ? undefined : both.another('source'),
    both.another('source').then((session) => SourceEvents.listen(session, uuid)),
    both.session('target').catch((error: unknown) => {
      // One that runs can be watched and aborted without its target; none is begun so.
      if (hasJob) return undefined;
      throw error;
    }),
  ]);
  const ready = Promise.withResolvers<void>();
  await target?.watch((event) => {
    if (event.uuid === uuid && event.kind === 'suspended' && event.detail === 'paused') ready.resolve();
  });
  if (!hasJob) {
    const { keepaliveSeconds } = hosts.site;
    if (conditionOf(seen.source) === 'halted')
      await notePause({ request, context, course }, keepaliveSeconds);
    await mark(source, { request, context, course });
    // Whoever has taken the lease over meanwhile has seen no migration, and waits for none. The order follows at once.
    await context.lease.confirm();
  }
  const order = ordering && begin(ordering, to, request);
  course.ordered = true;
  // While memory is copied: at the switch-over nobody waits for it.
  const mayQuit = context.lease.confirm({ note: 'mayHaveQuit' });
  mayQuit.catch(() => undefined);
  const followed = await follow(source, request, context, {
    order,
    ready: ready.promise,
    settings: hosts.site.migrations,
    openTarget: () => hosts.open(to),
  });
  course.heed(followed);
  if (followed.end === 'over' || !target) return;
  await commitWith({ events, source, target, mayQuit }, { request, context, course });
}

/**
 * Writes the lease's epoch into the VM's metadata, for the hosts' hook; before the migration, which keeps the definition
 * locked.
 * @throws ApplicationFailure `VmBusy` where a later epoch stands there, `MigrationAborted` where the host does not allow
 *   it: a retry would meet either again
 */
async function mark(source: HostSession, { request, context }: Attempt): Promise<void> {
  try {
    await source.markEpoch(request.vm.uuid, context.lease.epoch);
  } catch (error) {
    if (!(error instanceof HostRefused)) throw error;
    if (error.class === 'never') {
      const why = `the epoch of its lease can't be written into its definition: ${error.message}`;
      throw ApplicationFailure.create(permanent('MigrationAborted', why));
    }
    if (error.class !== 'superseded') throw error;
    throw ApplicationFailure.create(
      permanent(
        'VmBusy',
        `${request.vm.name} is marked with a later epoch than this operation's: ${error.message}. ` +
          `Another operation has come in between, perhaps of another Drover; nothing was changed. Look who acts on it, then start the operation again`,
      ),
    );
  }
}

/** The last step, and what it leaves to be known. */
export async function commitWith(
  sessions: Omit<CommitSessions, 'noteLatest'>,
  { request, context, course }: Attempt,
): Promise<void> {
  // Whether or not the source was told: what comes after must not take its end for somebody's will.
  course.did('mayHaveQuit');
  const noteLatest = async (): Promise<void> => {
    course.did('targetIsLatest');
    await context.lease.confirm({ note: 'targetIsLatest' });
  };
  const ended = await commit(request.vm.uuid, { ...sessions, noteLatest });
  course.committed = ended.committed;
  if (!ended.committed) return;
  if (ended.standstillMs !== undefined) course.standstillMs = ended.standstillMs;
  if (!ended.isPaused) {
    await Promise.all([forget(request.vm.uuid, sessions.source), noteRan({ context, course })]);
    return;
  }
  // The proof would be lost with this attempt, and the halted copy could not be told from a stale one.
  course.wasPaused = true;
  await noteLatest();
}

/**
 * The definition has served: it was there to tell how the source ended. At once, because in a moment libvirt waits for
 * the source's process and answers nothing about the VM for as long.
 */
async function forget(uuid: string, source: HostSession): Promise<void> {
  try {
    await source.undefine(uuid);
  } catch {
    // The next look finds what is left.
  }
}

/**
 * From here on a halt at the target is somebody's will, for this attempt and for those that follow. They can do without
 * the record's note: they find the VM running, unless somebody has halted it by then.
 */
export async function noteRan({ context, course }: Pick<Attempt, 'context' | 'course'>): Promise<void> {
  course.did('ranAtTarget');
  await context.lease.confirm({ note: 'ranAtTarget' }).catch(() => undefined);
}

async function notePause({ request, context, course }: Attempt, keepaliveSeconds: number): Promise<void> {
  course.wasPaused = true;
  const { activity } = context;
  await context.lease.confirm({ move: moveOf(request, { wasPaused: true, keepaliveSeconds, activity }) });
}

/** What the record remembers of a move, before its notes. */
export function moveOf(
  { vm, datacenter, from, to }: MoveVmRequest,
  known: Pick<MoveUnderWay, 'wasPaused' | 'keepaliveSeconds' | 'activity'>,
): NonNullable<ConfirmAttempt['move']> {
  return { uuid: vm.uuid, datacenter, from, to, ...known };
}
