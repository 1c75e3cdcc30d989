/** `settleVm`: finds out where a VM is whose lease is in doubt, and ends the doubt. Its input, progress and result. */
import { z } from 'zod';
import type { MigrateVmStatus } from './migrate-vm.ts';
import { Name, VmName } from './names.ts';

/** What a person types into the Start dialog; all but `vm` has a default. */
export const SettleVmInput = z
  .strictObject({
    vm: VmName,
    runsOn: Name.optional().meta({
      description:
        "The host that the VM is on, by a person's word, which stands for what hosts can't say that do not answer. Default: the hosts alone say it.",
    }),
    reason: z.string().max(500).optional().meta({ description: 'Why, for those who read it later.' }),
  })
  .meta({ examples: [{ vm: 'web1' }, { vm: 'web1', runsOn: 'host2', reason: 'host1 was unplugged' }] });
export type SettleVmInput = z.infer<typeof SettleVmInput>;
export type SettleVmRequest = z.input<typeof SettleVmInput>;

/** How `settleVm` ends when it does not fail. */
export interface SettleVmResult {
  /** `nothingToDo`: nobody doubted where the VM is. */
  readonly outcome: 'settled' | 'nothingToDo';
  readonly vm: string;
  /** Where the VM is. */
  readonly host: string;
  readonly reason?: string;
  /** One sentence that says where it is, from what that follows, and what a person should clear away. */
  readonly message: string;
  readonly wholeMs: number;
}

export type SettleVmStep = 'waiting' | 'looking' | 'settling' | 'ended';

/** What the query `progress` answers at any time; `from` and `to` are those of the move that is settled. */
export interface SettleVmStatus extends Omit<MigrateVmStatus, 'step'> {
  readonly step: SettleVmStep;
}
