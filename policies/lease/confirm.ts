/** Whether an attempt may change anything on a host: the latest one of the lease's holder alone may. */
import type { ConfirmAnswer, ConfirmAttempt, Lease, MoveUnderWay, VmRecord } from '../../model/vm-record.ts';
import { unchanged, type Decision } from './decision.ts';

/** Attempts that are remembered; an older one is known by its time. */
const mostAttempts = 20;

/**
 * The first question of an attempt makes it the latest, and every older one stale for good. What it notes is in the
 * record before the answer is.
 */
export function confirm(record: VmRecord, request: Omit<ConfirmAttempt, 'vm'>): Decision<ConfirmAnswer> {
  const { workflowId, epoch, attempt, scheduledAt, move, note } = request;
  const { lease, vm } = record;
  const refused = (reason: string): Decision<ConfirmAnswer> =>
    unchanged(record, { isCurrent: false, reason });
  if (lease?.holder.workflowId !== workflowId || lease.epoch !== epoch) {
    return refused(`${workflowId} no longer holds ${vm} by lease ${epoch}: ${heldBy(lease)}`);
  }
  if (lease.state === 'inDoubt') return refused(`the lease of ${vm} is in doubt: ${lease.doubt ?? ''}`);
  const isKnown = lease.attempts?.includes(attempt) ?? false;
  const latest = lease.attempts?.at(-1);
  const isOlder =
    scheduledAt !== undefined &&
    lease.attemptScheduledAt !== undefined &&
    Date.parse(scheduledAt) < Date.parse(lease.attemptScheduledAt);
  if (latest !== undefined && attempt !== latest && (isKnown || isOlder)) {
    return refused(`attempt ${attempt} of ${workflowId} on ${vm} is stale: ${latest} has followed it`);
  }
  if (note !== undefined && !move && !lease.move) {
    return refused(`${workflowId} has noted no move of ${vm} to which ${note} could belong`);
  }
  const after = withNotes(isKnown ? lease : withAttempt(lease, attempt, scheduledAt), {
    ...request,
    isKnown,
  });
  const answer: ConfirmAnswer = {
    isCurrent: true,
    attempt: after.attempt,
    ...(after.move ? { move: after.move } : {}),
  };
  return unchanged({ ...record, lease: after }, answer);
}

function withAttempt(lease: Lease, attempt: string, scheduledAt: string | undefined): Lease {
  return {
    ...lease,
    attempt: lease.attempt + 1,
    attempts: [...(lease.attempts ?? []), attempt].slice(-mostAttempts),
    ...(scheduledAt === undefined ? {} : { attemptScheduledAt: scheduledAt }),
  };
}

function withNotes(
  lease: Lease,
  { move, note, isKnown }: Pick<ConfirmAttempt, 'move' | 'note'> & { readonly isKnown: boolean },
): Lease {
  const begun = move ? begunBy(move, lease.move, isKnown) : lease.move;
  if (!begun) return lease;
  const notes = note && !begun.notes.includes(note) ? [...begun.notes, note] : begun.notes;
  return { ...lease, move: { ...begun, notes } };
}

/** What earlier attempts of the same activity have noted holds for those after a reset too. */
function begunBy(
  move: NonNullable<ConfirmAttempt['move']>,
  before: MoveUnderWay | undefined,
  isKnown: boolean,
): MoveUnderWay {
  const goesOn =
    before?.activity !== undefined &&
    before.activity === move.activity &&
    before.from === move.from &&
    before.to === move.to;
  if (!goesOn) return { ...move, notes: [] };
  return {
    ...before,
    wasPaused: before.wasPaused || move.wasPaused,
    ...(isKnown ? {} : { beganAnew: true }),
  };
}

function heldBy(lease: Lease | undefined): string {
  if (!lease) return 'nobody does';
  const { holder, epoch, since } = lease;
  return `${holder.workflowId} (${holder.kind}) does by lease ${epoch}, since ${since}`;
}
