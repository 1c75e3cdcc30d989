/**
 * Who may act on a VM: one operation at a time, by a lease whose epoch only grows. Pure decisions about a VM's record;
 * each may be repeated, and a repeated one answers as before and changes nothing. Records are never changed in place.
 */
import { signals } from '../../model/operations.ts';
import { outranks } from '../../model/ranks.ts';
import type {
  AcquireVm,
  AcquireVmAnswer,
  Claimant,
  Lease,
  MoveUnderWay,
  PastOperation,
  ReleaseVm,
  VmRecord,
} from '../../model/vm-record.ts';
import { unchanged, type Decision, type Start } from './decision.ts';
import { grant, grantNext } from './grant.ts';
import { enqueued, isWaiting, placeOf, withoutWaiter } from './queue.ts';
import { askToStop } from './stop.ts';

/** Past operations that are remembered. */
const mostOperations = 10;

/**
 * The lease for an operation, a place in the queue, or a refusal that names the holder. Whoever comes first by rank
 * waits for its turn; the others only where they say so. A failover also asks the holder to stop.
 * The holder that asks again is granted again, above the epoch that it says the VM bears; whoever waits and asks again keeps its turn.
 */
export function acquire(
  record: VmRecord,
  { claimant, wait = false, takeOver, fencedHost, above }: Omit<AcquireVm, 'vm'>,
  now: string,
): Decision<AcquireVmAnswer> {
  const { lease } = record;
  const hasItsId = lease?.holder.workflowId === claimant.workflowId && lease.state === 'held';
  if (lease && hasItsId && isSameRun(lease.holder, claimant)) {
    const after = raised(record, above);
    return unchanged(after, granted(after.epoch, lease.move));
  }
  // Temporal runs one operation of an id at a time: the earlier one has ended.
  if (!lease || takeOver === lease.epoch || hasItsId) {
    const before = lease?.state === 'held' ? noted(record, ended(lease, now)) : record;
    const given = grant(withoutWaiter(before, claimant.workflowId), claimant, now, lease?.move);
    const after = raised(given, above);
    return unchanged(after, granted(after.epoch, lease?.move));
  }
  const comesFirst = outranks(claimant.rank, lease.holder.rank);
  if (!comesFirst && !wait && !isWaiting(record, claimant.workflowId)) {
    return unchanged(record, { kind: 'refused', holder: lease });
  }
  const queued = enqueued(record, claimant, now);
  const stopped =
    comesFirst && claimant.rank === 'failover'
      ? askToStop(queued, { by: claimant, ...(fencedHost === undefined ? {} : { fencedHost }) }, now)
      : unchanged(queued, undefined);
  const place = placeOf(stopped.record, claimant.workflowId);
  return { ...stopped, answer: { kind: 'queued', place, holder: stopped.record.lease ?? lease } };
}

/**
 * The operation lets go, or leaves the queue. The next who waits is told. In doubt, the lease stays: only whoever takes
 * it over ends that, and what its holder did on hosts stays noted until then.
 */
export function release(record: VmRecord, request: Omit<ReleaseVm, 'vm'>, now: string): Decision<undefined> {
  const { workflowId, epoch, outcome, message, host, hasMoved = false } = request;
  const { lease } = record;
  const isWaiter = record.queue.some(
    ({ claimant }) => claimant.workflowId === workflowId && isSameRun(claimant, request),
  );
  const waiting = epoch === undefined && isWaiter ? withoutWaiter(record, workflowId) : record;
  const isHolder = lease?.holder.workflowId === workflowId && isSameRun(lease.holder, request);
  if (!isHolder || (epoch !== undefined && epoch !== lease.epoch && epoch !== lease.raisedFrom)) {
    return unchanged(waiting, undefined);
  }
  const past = { workflowId, kind: lease.holder.kind, endedAt: now, outcome, message };
  const after: VmRecord = {
    ...noted(waiting, past),
    ...(host !== undefined && record.seen ? { seen: { ...record.seen, host, at: now } } : {}),
    ...(hasMoved ? { lastMovedAt: now } : {}),
  };
  const doubt = request.doubt ?? doubtWithoutEpoch(request, lease);
  if (doubt === undefined) return grantNext(after, now);
  const [next] = after.queue;
  // It would find out when it asks again, a minute later.
  const isNews = lease.state === 'held' && next !== undefined;
  return {
    record: { ...after, lease: { ...lease, state: 'inDoubt', doubt } },
    answer: undefined,
    tells: isNews
      ? [{ workflowId: next.claimant.workflowId, signal: signals.leaseInDoubt, payload: { vm: record.vm } }]
      : [],
  };
}

/**
 * An operation has ended without letting go. Where it may have been acting on hosts, nobody knows where the VM is: the
 * lease is in doubt, and `settleVm` begins.
 */
export function operationEnded(record: VmRecord, workflowId: string, now: string): Decision<undefined> {
  const others = withoutWaiter(record, workflowId);
  const { lease } = others;
  if (lease?.holder.workflowId !== workflowId || lease.state === 'inDoubt')
    return unchanged(others, undefined);
  const after = noted(others, ended(lease, now));
  if (!lease.move) return grantNext(after, now);
  const doubt = `${workflowId} has ended without saying where the VM is`;
  return {
    record: { ...after, lease: { ...lease, state: 'inDoubt', doubt } },
    answer: undefined,
    tells: [],
    starts: [settling(record.vm, lease.epoch, doubt)],
  };
}

/** Whether two of the same id are one operation, as far as they say. */
function isSameRun(a: Pick<Claimant, 'runId'>, b: Pick<Claimant, 'runId'>): boolean {
  return a.runId === undefined || b.runId === undefined || a.runId === b.runId;
}

/** Whoever never learnt that it has the lease has settled nothing of what an earlier holder has left. */
function doubtWithoutEpoch(
  { workflowId, epoch }: Omit<ReleaseVm, 'vm'>,
  { move }: Lease,
): string | undefined {
  if (epoch !== undefined || !move) return undefined;
  return `what was left of a move from ${move.from} to ${move.to} was not settled by ${workflowId}, which let go of the lease without having learnt of it`;
}

function settling(vm: string, epoch: number, reason: string): Start {
  return { workflowType: 'settleVm', workflowId: `settle-vm/${vm}/${epoch}`, input: { vm, reason } };
}

/** The holder's lease above an epoch that the VM bears. */
function raised(record: VmRecord, above: number | undefined): VmRecord {
  const { lease } = record;
  if (!lease || above === undefined || above < lease.epoch) return record;
  return { ...record, epoch: above + 1, lease: { raisedFrom: lease.epoch, ...lease, epoch: above + 1 } };
}

function granted(epoch: number, unsettled: MoveUnderWay | undefined): AcquireVmAnswer {
  return { kind: 'granted', epoch, ...(unsettled ? { unsettled } : {}) };
}

function ended({ holder, epoch }: Lease, endedAt: string): PastOperation {
  const { workflowId, kind } = holder;
  const message = `it ended without letting go of the VM (lease ${epoch})`;
  return { workflowId, kind, endedAt, outcome: 'ended', message };
}

function noted(record: VmRecord, past: PastOperation): VmRecord {
  const [newest] = record.operations;
  const isNoted =
    newest?.workflowId === past.workflowId &&
    newest.outcome === past.outcome &&
    record.lease?.state === 'inDoubt';
  return isNoted ? record : { ...record, operations: [past, ...record.operations].slice(0, mostOperations) };
}
