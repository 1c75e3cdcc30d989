/** `maintainHosts`: empties hosts, holds them closed until told, opens them again. Its input, progress and result. */
import { z } from 'zod';
import type { Coverage } from './coverage.ts';
import type { PlannedMove } from './evacuation.ts';
import { Name } from './names.ts';

const atOnce = z.int().min(1).max(64);

export const MaintainHostsInput = z
  .strictObject({
    hosts: z
      .array(Name)
      .min(1, 'names no host')
      .max(1000)
      .refine((hosts) => new Set(hosts).size === hosts.length, 'names a host twice')
      .optional()
      .meta({ description: 'The hosts, by name.', examples: [['host1', 'host2']] }),
    failureDomain: z
      .strictObject({ kind: Name, name: Name })
      .optional()
      .meta({
        description: 'All hosts of a failure domain, in the place of names.',
        examples: [{ kind: 'switch', name: 'sw1' }],
      }),
    reason: z.string().max(500).optional().meta({ description: 'Why, for those who read it later.' }),
    dryRun: z.boolean().default(false).meta({ description: 'Only plan; nothing is changed.' }),
    partial: z.boolean().default(false).meta({
      description:
        'true: move what can move, and wait for the rest. Default: refused as a whole where a VM can’t move.',
    }),
    moveBack: z
      .boolean()
      .default(false)
      .meta({ description: 'Take the VMs back to where they were, once the hosts are open again.' }),
    caps: z
      .strictObject({
        perHostIn: atOnce.default(2).meta({ description: 'Moves of this operation to one host at a time.' }),
        perHostOut: atOnce.default(2).meta({ description: 'Moves away from one host at a time.' }),
        perOperation: atOnce.default(8).meta({ description: 'Moves of this operation at a time.' }),
      })
      .prefault({}),
  })
  .refine(
    ({ hosts, failureDomain }) => (hosts === undefined) !== (failureDomain === undefined),
    'needs hosts or failureDomain, one of the two',
  )
  .meta({
    examples: [
      { failureDomain: { kind: 'switch', name: 'sw1' }, reason: 'firmware' },
      { hosts: ['host1'], dryRun: true },
    ],
  });
export type MaintainHostsInput = z.infer<typeof MaintainHostsInput>;
export type MaintainHostsRequest = z.input<typeof MaintainHostsInput>;

/**
 * - `waiting`, `moving`, `moved`: on its way off the hosts
 * - `blocked`: it can't move, or has no place, for the reason; `failed`: it was tried, and stays for now
 * - `gone`: it left by another's doing, or does not run any more
 * - `movingBack`, `movedBack`, `stays`: after the work, where it is to go back and could not
 */
export const vmVerdicts = [
  'waiting',
  'moving',
  'moved',
  'blocked',
  'failed',
  'gone',
  'movingBack',
  'movedBack',
  'stays',
] as const;
export type VmVerdict = (typeof vmVerdicts)[number];

/** What became of one VM so far. */
export interface VmOfMaintenance {
  readonly vm: string;
  readonly verdict: VmVerdict;
  readonly from: string;
  readonly to?: string;
  /** The move that was begun last. */
  readonly operation?: string;
  readonly reason?: string;
  readonly downtimeMs?: number;
  /** Hosts that could not take it. */
  readonly tried?: readonly string[];
  /** It was not on the hosts: it makes room for these. */
  readonly makesRoomFor?: readonly string[];
}

/** Where an operation is. `left`: VMs are left on the hosts, and it tries again until told to end. */
export type MaintainHostsStep =
  | 'closing'
  | 'planning'
  | 'emptying'
  | 'left'
  | 'held'
  | 'opening'
  | 'movingBack'
  | 'ended';

export interface MaintainHostsStatus {
  readonly step: MaintainHostsStep;
  readonly hosts: readonly string[];
  /** Of VMs by their verdicts; those of none are left out. */
  readonly counts: Readonly<Partial<Record<VmVerdict, number>>>;
  readonly vms: readonly VmOfMaintenance[];
  readonly trouble?: { readonly message: string; readonly attempt: number } | undefined;
}

/** How it ends when it does not fail. `blocked`, `planned`: of a dry run. */
export interface MaintainHostsResult {
  readonly outcome: 'finished' | 'canceled' | 'planned' | 'blocked';
  readonly message: string;
  readonly hosts: readonly string[];
  readonly reason?: string;
  readonly vms: readonly VmOfMaintenance[];
  /** Of a dry run: the moves, in their order. */
  readonly moves?: readonly PlannedMove[];
  /** Failures that each cluster has room for, now and with the hosts closed. */
  readonly coverage: readonly { readonly before: Coverage; readonly after: Coverage }[];
  /** What is worth knowing and stops nothing. */
  readonly warnings: readonly string[];
  readonly wholeMs: number;
}

/** The payload of the update `finish`. */
export interface FinishMaintenance {
  readonly moveBack?: boolean;
}

/** What the updates `finish` and `cancel` answer. */
export interface MaintenanceAnswer {
  readonly message: string;
}
