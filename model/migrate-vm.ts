/** `migrateVm`: moves a running VM to another host. Its input, its progress, its findings and its result. */
import { z } from 'zod';
import { Name, VmName } from './names.ts';
import { Placement } from './placement.ts';

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
    maxDowntimeMs: z.int().min(10).max(60_000).optional().meta({
      description:
        "How long the VM may stand still at the switch-over, in milliseconds. Default: the hypervisor's own (300 with QEMU).",
    }),
    bandwidthMiBps: z.int().min(1).max(100_000).optional().meta({
      description: 'At most so many MiB/s of memory are copied. Default: no limit.',
    }),
    timeoutSeconds: z.int().min(10).max(86_400).optional().meta({
      description:
        'The copy is aborted after so many seconds. Default: 300, or 150 for each GiB of memory if more.',
    }),
  })
  .meta({
    examples: [{ vm: 'web1' }, { vm: 'web1', to: 'host2', reason: 'firmware of host1', dryRun: true }],
  });
export type MigrateVmInput = z.infer<typeof MigrateVmInput>;
export type MigrateVmRequest = z.input<typeof MigrateVmInput>;

/** Something that a check found. Errors stop the move; warnings are shown, and stop it where they aren't accepted. */
export const Finding = z.object({
  severity: z.enum(['error', 'warning']),
  code: z.enum([
    'vmNotRunning',
    'vmBusy',
    'severalCopies',
    'hostUnreachable',
    'sameHost',
    'sameHostUuid',
    'otherCluster',
    'hostNotActive',
    'hostAvoided',
    'apartFrom',
    'memoryShort',
    'cpuShort',
    'tooFewCpus',
    'cpuIncompatible',
    'networkMissing',
    'diskUnreachable',
    'diskLocal',
    'nameTaken',
    'uuidTaken',
    'hostDevice',
    'localMedia',
    'secretsInDefinition',
    'stateOutsideDefinition',
    'transient',
    'olderHypervisor',
    'notStarved',
  ]),
  /** What was found, measured against what, and what to do. */
  message: z.string(),
});
export type Finding = z.infer<typeof Finding>;

/** How far the copy of the memory is, as the source's hypervisor reports it. */
export const MigrationProgress = z.object({
  elapsedMs: z.number(),
  totalBytes: z.number(),
  processedBytes: z.number(),
  remainingBytes: z.number(),
  bytesPerSecond: z.number(),
  dirtyBytesPerSecond: z.number(),
  /** Passes over the memory so far; the first is 1. */
  iteration: z.number(),
  /** Absent while the rest is written faster than it is copied. */
  estimatedRestMs: z.number().optional(),
});
export type MigrationProgress = z.infer<typeof MigrationProgress>;

/** Where the VM was found after the move, by asking both hosts. */
export const MoveOutcome = z.enum(['moved', 'stayed', 'both', 'none', 'inDoubt']);
export type MoveOutcome = z.infer<typeof MoveOutcome>;

/** What was measured of a move. */
export const MoveFigures = z.object({
  /** From the order to the hypervisor's answer. */
  copyMs: z.number().optional(),
  /** How long the VM stood still, as the hypervisor reports it. */
  downtimeMs: z.number().optional(),
  copiedBytes: z.number().optional(),
  iterations: z.number().optional(),
});
export type MoveFigures = z.infer<typeof MoveFigures>;

/** How `migrateVm` ends when it does not fail. */
export const MigrateVmResult = z.object({
  /** `planned` and `blocked` end a dry run: it could move, or the findings say what would stop it. */
  outcome: z.enum(['moved', 'planned', 'blocked', 'nothingToDo']),
  vm: z.string(),
  from: z.string(),
  /** The host moved to, or the one that a dry run would take; absent when there is nothing to do or none fits. */
  to: z.string().optional(),
  reason: z.string().optional(),
  /** One sentence that says what happened. */
  message: z.string(),
  findings: z.array(Finding),
  placement: Placement.optional(),
  wholeMs: z.number(),
  figures: MoveFigures,
});
export type MigrateVmResult = z.infer<typeof MigrateVmResult>;

/** The steps of the operation, as its page and its query name them. */
export const MigrateVmStep = z.enum(['waiting', 'checking', 'moving', 'ended']);
export type MigrateVmStep = z.infer<typeof MigrateVmStep>;

/** What the query `progress` answers at any time. */
export interface MigrateVmStatus {
  readonly step: MigrateVmStep;
  readonly vm: string;
  readonly from?: string;
  readonly to?: string;
  readonly progress?: MigrationProgress;
}
