/** The referee: judges what happens in a simulated datacenter, by what must always hold. */
import { z } from 'zod';
import type { JournalEntry } from './journal.ts';

export type ConvictionKind =
  | 'twoRunning'
  | 'staleResume'
  | 'unexplainedBoot'
  | 'vmLost'
  | 'stoppedUnasked'
  | 'overCapacity'
  | 'leftover'
  | 'definitionLost'
  | 'triggerLost'
  | 'operationUnended';

export interface Conviction {
  readonly kind: ConvictionKind;
  readonly atMs: number;
  readonly vm?: string;
  readonly host?: string;
  readonly message: string;
}

/** What the operations, triggers and records say when nothing is open any more. */
export const AuditInput = z.strictObject({
  operations: z
    .array(
      z.strictObject({
        workflowId: z.string(),
        vm: z.string().optional(),
        /** How it ended, as it says itself: `moved`, `stayed`, `failed: NeedsOperator`; absent: it has not ended. */
        ending: z.string().optional(),
        /** Its end says that the VM was started anew from its disk. */
        restartedFromDisk: z.boolean().default(false),
      }),
    )
    .default([]),
  triggers: z
    .array(
      z.strictObject({
        id: z.string(),
        answer: z.enum(['started', 'joined', 'ignored', 'refused']).optional(),
      }),
    )
    .default([]),
  /** Whatever is still held: leases, reservations, migration slots, by a name that a reader understands. */
  held: z.array(z.string()).default([]),
});
export type AuditInput = z.infer<typeof AuditInput>;

export class Referee {
  readonly convictions: Conviction[] = [];

  observe(_entry: JournalEntry): void {}

  audit(_input: AuditInput): readonly Conviction[] {
    return this.convictions;
  }
}
