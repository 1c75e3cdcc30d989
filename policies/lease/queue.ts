/** Who waits for a VM's lease: higher ranks first, then who came first. */
import { outranks } from '../../model/ranks.ts';
import type { Claimant, VmRecord, Waiter } from '../../model/vm-record.ts';

/** Whoever waits already keeps its time, and takes the place of its rank as it is now. */
export function enqueued(record: VmRecord, claimant: Claimant, now: string): VmRecord {
  const at = record.queue.findIndex((waiter) => waiter.claimant.workflowId === claimant.workflowId);
  const known = record.queue[at];
  if (known?.claimant.rank === claimant.rank) {
    return { ...record, queue: record.queue.with(at, { ...known, claimant }) };
  }
  const waiter: Waiter = { claimant, since: known?.since ?? now };
  const others = withoutWaiter(record, claimant.workflowId).queue;
  const behind = others.findIndex((other) => comesBefore(waiter, other));
  return { ...record, queue: others.toSpliced(behind === -1 ? others.length : behind, 0, waiter) };
}

export function withoutWaiter(record: VmRecord, workflowId: string): VmRecord {
  if (!isWaiting(record, workflowId)) return record;
  return { ...record, queue: record.queue.filter(({ claimant }) => claimant.workflowId !== workflowId) };
}

export function isWaiting(record: VmRecord, workflowId: string): boolean {
  return placeOf(record, workflowId) > 0;
}

/** From 1 on; 0 for an operation that does not wait. */
export function placeOf(record: VmRecord, workflowId: string): number {
  return record.queue.findIndex(({ claimant }) => claimant.workflowId === workflowId) + 1;
}

function comesBefore(a: Waiter, b: Waiter): boolean {
  if (a.claimant.rank !== b.claimant.rank) return outranks(a.claimant.rank, b.claimant.rank);
  return a.since < b.since;
}
