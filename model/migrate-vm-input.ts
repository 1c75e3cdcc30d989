/**
 * What `migrateVm` is started with. Apart from its result, because a workflow parses its input and makes its result:
 * the schemas that a workflow imports are built anew for every run of it, which was a third of a migration's CPU time.
 */
import { z } from 'zod';
import { Name, VmName } from './names.ts';
import { ranks } from './ranks.ts';

/** What a person types into the Start dialog; all but `vm` has a default. */
export const MigrateVmInput = z
  .strictObject({
    vm: VmName,
    to: Name.optional().meta({
      description: 'The host to move to. Default: the best host, by the placement planner.',
    }),
    reason: z.string().max(500).optional().meta({ description: 'Why, for those who read it later.' }),
    dryRun: z
      .boolean()
      .default(false)
      .meta({ description: 'Only check and choose the host; nothing is changed.' }),
    acceptWarnings: z
      .boolean()
      .default(true)
      .meta({ description: 'false: warnings stop the move as errors do.' }),
    onlyIfStarved: z.boolean().default(false).meta({
      description:
        'Look again first, and end with nothingToDo unless the VM is still short of CPU. Alerts set it.',
    }),
    onlyFrom: z.array(Name).min(1).max(1000).optional().meta({
      description:
        'Only if the VM is on one of these hosts by then; else end with nothingToDo. Maintenance sets it.',
    }),
    movesWith: z.array(VmName).min(1).max(100).optional().meta({
      description:
        'VMs that move to the same host by the same plan: a rule that keeps them together is kept by that. Maintenance sets it.',
    }),
    maxDowntimeMs: z.int().min(10).max(60_000).optional().meta({
      description:
        'The longest halt that the VM is allowed for the copy of its last memory, in milliseconds: 300 (or this, if less) at first, more in steps while the copy gets no nearer to its end. Default: migrations.maxDowntimeMs of the settings, which is 800.',
    }),
    bandwidthMiBps: z.int().min(1).max(100_000).optional().meta({
      description: 'At most so many MiB/s of memory are copied. Default: no limit.',
    }),
    timeoutSeconds: z.int().min(10).max(86_400).optional().meta({
      description:
        'The copy is aborted after so many seconds. Default: 300, or 150 for each GiB of memory if more.',
    }),
    wait: z.boolean().default(false).meta({
      description:
        'true: where another operation acts on the VM, wait for its end; default: end as VmBusy, which names it.',
    }),
    rank: z.enum(ranks).default('person').meta({
      description:
        'Who comes first where several operations want one VM or host. Whoever comes before the one that acts on the VM waits for its end.',
    }),
  })
  .meta({
    examples: [{ vm: 'web1' }, { vm: 'web1', to: 'host2', reason: 'firmware of host1', dryRun: true }],
  });
export type MigrateVmInput = z.infer<typeof MigrateVmInput>;
export type MigrateVmRequest = z.input<typeof MigrateVmInput>;
