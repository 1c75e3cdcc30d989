/** A VM's lease begins. */
import { signals } from '../../model/operations.ts';
import type { Claimant, Lease, LeaseGranted, MoveUnderWay, VmRecord } from '../../model/vm-record.ts';
import { unchanged, type Decision } from './decision.ts';

/** A new lease in the place of the one that was. @param unsettled what that one's attempts left on hosts */
export function grant(record: VmRecord, holder: Claimant, now: string, unsettled?: MoveUnderWay): VmRecord {
  const epoch = record.epoch + 1;
  const lease: Lease = {
    holder,
    epoch,
    since: now,
    state: 'held',
    attempt: 0,
    ...(unsettled ? { move: unsettled } : {}),
  };
  return { ...record, epoch, lease };
}

/** The lease is free: whoever is first in the queue has it now and is told. */
export function grantNext(record: VmRecord, now: string): Decision<undefined> {
  const { lease: _, ...free } = record;
  const [next, ...queue] = record.queue;
  if (!next) return unchanged(free, undefined);
  const after = grant({ ...free, queue }, next.claimant, now);
  const payload: LeaseGranted = { vm: record.vm, epoch: after.epoch };
  const { workflowId } = next.claimant;
  return {
    record: after,
    answer: undefined,
    tells: [{ workflowId, signal: signals.leaseGranted, payload }],
  };
}
