/** What operations hold and wait for, as a VM's record says it. Without Temporal, so that the CLI loads it quickly. */
import type { VmRecord } from '../model/vm-record.ts';

/** What an operation has of the lease of its VM. */
export type Claim =
  | { readonly kind: 'holds'; readonly epoch: number; readonly since: string }
  /** `place`: 1 is the next one. */
  | { readonly kind: 'waits'; readonly place: number; readonly holder?: string };

/** What an operation has of a VM's lease; undefined: nothing. */
export function claimOf({ lease, queue }: VmRecord, workflowId: string): Claim | undefined {
  if (lease?.holder.workflowId === workflowId)
    return { kind: 'holds', epoch: lease.epoch, since: lease.since };
  const place = queue.findIndex(({ claimant }) => claimant.workflowId === workflowId) + 1;
  if (place === 0) return undefined;
  return { kind: 'waits', place, ...(lease ? { holder: lease.holder.workflowId } : {}) };
}
