/**
 * What every planner looks at (placement now; evacuation, restart, balance and scaling later) and what a placement
 * answers. Plain data, so that a plan is the same in a workflow, an activity, a test and a bench.
 */
import { z } from 'zod';

/** A host as planners see it. Fractions of a core are allowed. */
export const PlannerHost = z.object({
  name: z.string(),
  cluster: z.string(),
  datacenter: z.string(),
  /** `active` hosts take VMs; all others are refused with their state as the reason. */
  state: z.enum(['active', 'maintenance', 'failed', 'fenced', 'unreachable']),
  /** Since when and by whom, where that is known. */
  stateNote: z.string().optional(),
  cpus: z.number(),
  memoryMiB: z.number(),
  /** Cores that its VMs use, as measured; absent: not measured, taken as the sum of its VMs' use. */
  cpuBusyCores: z.number().optional(),
  /** Failure domains by kind: {switch: 'sw1', rack: 'a'}. */
  failureDomains: z.record(z.string(), z.string()),
  /** Networks that exist there; absent: unknown, decided by the checks on the host itself. */
  networks: z.array(z.string()).optional(),
  /** Storage that it reaches, by address; absent: unknown, decided by the checks on the host itself. */
  storage: z.array(z.string()).optional(),
  /** Why a VM's CPU does not run here, by VM name; filled for the VMs that are being placed. */
  cpuIncompatible: z.record(z.string(), z.string()).optional(),
});
export type PlannerHost = z.infer<typeof PlannerHost>;

/** A VM as planners see it. */
export const PlannerVm = z.object({
  name: z.string(),
  /** The host that it is on, or is defined on while it is off; absent for a VM that is to be placed first. */
  host: z.string().optional(),
  /** The cluster that it must stay in. Default: that of its host. */
  cluster: z.string().optional(),
  /** It holds memory on its host: paused and suspended VMs count as running here, those that are off do not. */
  running: z.boolean(),
  vcpus: z.number(),
  memoryMiB: z.number(),
  /** Cores that it uses, as measured. A VM on a saturated host may want more than it gets: see `vcpus`. */
  cpuBusyCores: z.number().optional(),
  networks: z.array(z.string()),
  storage: z.array(z.string()),
  /** Hosts that it must not be on, by the settings. */
  avoid: z.array(z.string()).optional(),
  /** VMs that must not share its host, by the settings. */
  apartFrom: z.array(z.string()).optional(),
});
export type PlannerVm = z.infer<typeof PlannerVm>;

/**
 * Room held on a host for an operation under way: what it will use once the operation has ended. It stands until it
 * is released; while the VM is on that host already, planners count the VM and not the reservation besides.
 */
export const PlannerReservation = z.object({
  operation: z.string(),
  host: z.string(),
  vm: z.string(),
  memoryMiB: z.number(),
  cpuCores: z.number(),
});
export type PlannerReservation = z.infer<typeof PlannerReservation>;

/**
 * A rule of the settings, by its name. `must` refuses hosts; `should` is weighed against load and room.
 * - `apart`: no two of its VMs on one host, or, with `by`, in one failure domain of that kind; a host that names no
 *   domain of the kind is one by itself
 * - `together`: all of its VMs on one host
 * - `on`, `avoid`: its VMs on these hosts alone, or on none of them
 */
export const PlannerRule = z.object({
  name: z.string(),
  kind: z.enum(['apart', 'together', 'on', 'avoid']),
  strength: z.enum(['must', 'should']),
  vms: z.array(z.string()),
  /** Of `on` and `avoid`. */
  hosts: z.array(z.string()).optional(),
  /** Of `apart`. */
  by: z.string().optional(),
});
export type PlannerRule = z.infer<typeof PlannerRule>;

/**
 * One moment of a herd. Planners index it once and work on their own copy. A VM should be listed once, further copies
 * of it (one that a migration fills, say) as reservations where they are; planners that find a name twice count the
 * room of both, and take the first host by name for the one it is on.
 */
export const Snapshot = z.object({
  hosts: z.array(PlannerHost),
  vms: z.array(PlannerVm),
  reservations: z.array(PlannerReservation),
  rules: z.array(PlannerRule).optional(),
});
export type Snapshot = z.infer<typeof Snapshot>;

/** Every hard rule by which a host is refused: a closed list, so that each can be explained and counted. */
export const RefusalCode = z.enum([
  'currentHost',
  'notActive',
  'otherCluster',
  'cpuIncompatible',
  'tooFewCpus',
  'memoryShort',
  'cpuShort',
  'networkMissing',
  'storageUnreachable',
  'avoided',
  'apartFrom',
  'ruleHosts',
  'ruleApart',
  'ruleTogether',
]);
export type RefusalCode = z.infer<typeof RefusalCode>;

/**
 * What only the host itself can say once a plan has chosen it, or an earlier attempt to move the VM there: no filter
 * of the planner's looks at it.
 */
export const HostRefusalCode = z.enum([
  'hostUnreachable',
  'sameHostUuid',
  'nameTaken',
  'uuidTaken',
  'triedBefore',
]);
export type HostRefusalCode = z.infer<typeof HostRefusalCode>;

/** One filter's answer for one host, or the host's own; the numbers say by how much. */
export const FilterVerdict = z.object({
  code: z.enum([...RefusalCode.options, ...HostRefusalCode.options]),
  passed: z.boolean(),
  /** A sentence with the measured and the needed value. */
  reason: z.string(),
  measured: z.number().optional(),
  needed: z.number().optional(),
  unit: z.string().optional(),
});
export type FilterVerdict = z.infer<typeof FilterVerdict>;

/** One part of a host's score, 0 (worst) to 1 (best), before its weight. */
export const ScorePart = z.object({
  name: z.string(),
  value: z.number(),
  weight: z.number(),
  reason: z.string(),
});
export type ScorePart = z.infer<typeof ScorePart>;

/**
 * What a placement says of one host: all its filters, and its score where all of them passed. The host that the VM
 * is on has a score too, whatever its filters say: with it others are compared.
 */
export const Candidate = z.object({
  host: z.string(),
  fits: z.boolean(),
  filters: z.array(FilterVerdict),
  /** The weighted mean of its parts, 0 to 1, to four decimals. */
  score: z.number().optional(),
  scoreParts: z.array(ScorePart),
});
export type Candidate = z.infer<typeof Candidate>;

/** Where one VM should go: the hosts that fit, best first, then the refused ones by name, each with its reasons. */
export const Placement = z.object({
  vm: z.string(),
  from: z.string().optional(),
  chosen: z.string().optional(),
  /** By how much the chosen host scores above the one that the VM is on; not above 0: moving gains nothing. */
  gain: z.number().optional(),
  /** One sentence: why this host, or why none. */
  reason: z.string(),
  candidates: z.array(Candidate),
  /** How many hosts are missing from `candidates`, where an answer was shortened to be kept or shown. */
  leftOut: z.object({ fitting: z.number(), refused: z.number() }).optional(),
});
export type Placement = z.infer<typeof Placement>;
