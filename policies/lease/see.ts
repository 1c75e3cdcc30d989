/** Where a VM was seen, and whether it should run. */
import type { SeeVm, VmRecord, VmSeen } from '../../model/vm-record.ts';
import { unchanged, type Decision } from './decision.ts';

/** A guest that ended by itself, and a person who ended it; whatever else ends a VM is a failure. */
const byWill: readonly string[] = ['shutdown', 'destroyed'];

/**
 * Keeps the newest sight. A VM that was seen running should run, until it is seen off by somebody's will at a time at
 * which no operation held it: Drover's own moves end their sources so.
 */
export function see(record: VmRecord, { seen, xml }: Omit<SeeVm, 'vm'>): Decision<undefined> {
  const before = record.seen;
  if (before && isBefore(seen.at, before.at)) return unchanged(record, undefined);
  // What a move leaves at its source is off, and says nothing of the VM.
  const isLeftover = seen.state === 'off' && before?.state === 'running' && before.host !== seen.host;
  if (isLeftover) return unchanged(record, undefined);
  const shouldRun = shouldRunAfter(record, seen);
  return unchanged(
    {
      ...record,
      seen,
      ...(xml === undefined ? {} : { definition: { xml, at: seen.at } }),
      ...(shouldRun === undefined ? {} : { shouldRun }),
    },
    undefined,
  );
}

function shouldRunAfter(record: VmRecord, seen: VmSeen): boolean | undefined {
  if (seen.state === 'running') return true;
  const [newest] = record.operations;
  const wasHeld = record.lease !== undefined || (newest !== undefined && !isBefore(newest.endedAt, seen.at));
  if (seen.state !== 'off' || !byWill.includes(seen.stateReason) || wasHeld) return record.shouldRun;
  // One that was never seen running is not started either way.
  return record.shouldRun === undefined ? undefined : false;
}

function isBefore(a: string, b: string): boolean {
  return Date.parse(a) < Date.parse(b);
}
