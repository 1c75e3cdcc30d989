/** `migrateVm`: moves a running VM to another host. Its progress, its findings and its result. */
import { z } from 'zod';
import { Placement } from './placement.ts';

export { MigrateVmInput, type MigrateVmRequest } from './migrate-vm-input.ts';

/** Something that a check found. Errors stop the move; warnings are shown, and stop it where they aren't accepted. */
export const Finding = z.object({
  severity: z.enum(['error', 'warning']),
  code: z.enum([
    'vmNotRunning',
    'vmBusy',
    'severalCopies',
    // An alarm, and no leftover: two copies may be running.
    'runsTwice',
    'hostUnreachable',
    'sameHost',
    'sameHostUuid',
    'otherCluster',
    'hostNotActive',
    'hostAvoided',
    'triedBefore',
    'apartFrom',
    'ruleHosts',
    'ruleApart',
    'ruleTogether',
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
    'vmName',
    'notStarved',
    'leftAlready',
    'noGain',
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
  /** How long it takes to copy what the present pass began with; absent in the first, and where it was not measured. */
  expectedDowntimeMs: z.number().optional(),
  /** How long the VM may stand still for the copy of the rest, as Drover has it allowed by now. */
  allowedDowntimeMs: z.number().optional(),
  /** It is being aborted by Drover's own decision: its time is over, it gets no nearer to its end, or a disk was lost. */
  aborting: z.object({ kind: z.enum(['budget', 'noProgress', 'diskLost']), reason: z.string() }).optional(),
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
  /** From its halt at the source to its run at the target, as the worker saw it: the commit is in it. */
  standstillMs: z.number().optional(),
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

/** Why an operation waits, and how often it has tried. */
export interface Trouble {
  readonly message: string;
  readonly attempt: number;
}

/** What the query `progress` answers at any time. */
export interface MigrateVmStatus {
  readonly step: MigrateVmStep;
  readonly vm: string;
  readonly from?: string;
  readonly to?: string;
  /** The operation, or the slot, that is waited for. */
  readonly waitsFor?: string | undefined;
  /** The operations that have what is waited for. */
  readonly holders?: readonly string[] | undefined;
  readonly progress?: MigrationProgress;
  /** What the check found that does not stop the move. */
  readonly warnings?: readonly Finding[];
  /** Absent while all goes well. */
  readonly trouble?: Trouble | undefined;
  /** When the alert that asked for it was over: information, by which nothing is canceled. */
  readonly alertResolvedAt?: string;
}
