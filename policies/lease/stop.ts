/** The holder of a VM's lease is asked to stop, because an operation that comes first needs the VM. */
import { signals } from '../../model/operations.ts';
import type { StopRequest, VmRecord } from '../../model/vm-record.ts';
import { unchanged, type Decision } from './decision.ts';

/** It is told once of each request, and again when a host is proven off since. In doubt there is nobody to tell. */
export function askToStop(
  record: VmRecord,
  { by, fencedHost }: Omit<StopRequest, 'since'>,
  now: string,
): Decision<undefined> {
  const { lease } = record;
  if (!lease) return unchanged(record, undefined);
  const known = lease.stop;
  const isNew = known?.by.workflowId !== by.workflowId;
  const off = fencedHost ?? known?.fencedHost;
  if (!isNew && off === known?.fencedHost) return unchanged(record, undefined);
  const stop: StopRequest = {
    by,
    since: isNew ? now : known.since,
    ...(off === undefined ? {} : { fencedHost: off }),
  };
  const { workflowId } = lease.holder;
  return {
    record: { ...record, lease: { ...lease, stop } },
    answer: undefined,
    tells: lease.state === 'held' ? [{ workflowId, signal: signals.stop, payload: stop }] : [],
  };
}
