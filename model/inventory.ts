/**
 * What the hosts say of themselves and their VMs, in Drover's words: the facts under every list, check and plan.
 * Hypervisor drivers produce these; nothing beyond a driver knows libvirt's types.
 */
import { z } from 'zod';

/** Where a VM is in its life, on one host. `migratingIn`: a copy that a live migration is filling. */
export const VmState = z.enum([
  'running',
  'paused',
  'migratingIn',
  'shuttingDown',
  'off',
  'crashed',
  'suspendedToRam',
  'unknown',
]);
export type VmState = z.infer<typeof VmState>;

const ListedVm = z.object({
  name: z.string(),
  uuid: z.string(),
  state: VmState,
  /** The hypervisor's own reason for the state, in its words: `booted`, `migrated`, `destroyed`, ... */
  stateReason: z.string(),
  /** Whether its definition stays when it stops. */
  persistent: z.boolean(),
  memoryMiB: z.number(),
  vcpus: z.number(),
});

/** One VM of a host's report: its facts as the hypervisor counts them. */
export const ReportedVm = ListedVm.extend({
  /** CPU time used since the VM was started here, in seconds; absent while it is off. */
  cpuSeconds: z.number().optional(),
});
export type ReportedVm = z.infer<typeof ReportedVm>;

/** Everything a host says in one look. Its `vms` is complete: a VM that is not in it is not there. */
export const HostReport = z.object({
  /** The hypervisor's id of the host. */
  uuid: z.string(),
  hypervisor: z.string(),
  cpus: z.number(),
  memoryMiB: z.number(),
  networks: z.array(z.string()).optional(),
  vms: z.array(ReportedVm),
});
export type HostReport = z.infer<typeof HostReport>;

/** What a host says of one VM; `absent` is proven by a full listing. */
export const VmSight = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('present'),
    state: VmState,
    /** As `virsh domstate --reason` puts it: `booted`, `migrated`, `migration canceled`, `user`. */
    stateReason: z.string(),
    persistent: z.boolean(),
  }),
  z.object({ kind: z.literal('absent') }),
]);
export type VmSight = z.infer<typeof VmSight>;

/** What happens to a VM on one host, in the order in which it happens there. */
export const VmEvent = z.object({
  uuid: z.string(),
  kind: z.enum([
    'defined',
    'undefined',
    'started',
    'suspended',
    'resumed',
    'stopped',
    'shutDown',
    'crashed',
    'other',
  ]),
  /** The hypervisor's own word for why, in lower case: `migrated`, `paused`, `finished after host request`. */
  detail: z.string(),
});
export type VmEvent = z.infer<typeof VmEvent>;

/** One VM as one host lists it. Two hosts may both list a VM: while it moves, or as a leftover. */
export const VmFacts = ListedVm.extend({
  /** Cores of CPU time it used lately; absent while it is off or was measured only once. */
  cpuBusyCores: z.number().optional(),
});
export type VmFacts = z.infer<typeof VmFacts>;

/** A host that answered. */
export const HostFacts = z.object({
  /** The hypervisor's id of the host: two hosts with the same one can't exchange VMs. */
  uuid: z.string(),
  hypervisor: z.string().describe('name and version, "QEMU 7.2.22"'),
  cpus: z.number().describe('logical CPUs that the host shows, or the settings’ smaller share of them'),
  memoryMiB: z.number(),
  /** Bridges and networks to which a VM can be attached; absent where the host can't tell. */
  networks: z.array(z.string()).optional(),
  /** Cores that its VMs used lately; absent when it was measured only once. */
  cpuBusyCores: z.number().optional(),
  vms: z.array(VmFacts),
});
export type HostFacts = z.infer<typeof HostFacts>;

/** One host of the settings, and what it answered. An unreachable host is unknown, which is not the same as dead. */
export const InventoryHost = z.object({
  name: z.string(),
  cluster: z.string(),
  datacenter: z.string(),
  failureDomains: z.record(z.string(), z.string()),
  /** What its record says, where it takes no VMs; absent: it does, as far as lists know, which lag a moment. */
  closed: z.enum(['maintenance', 'failed', 'fenced']).exactOptional(),
  answer: z.discriminatedUnion('reachable', [
    z.object({ reachable: z.literal(true), facts: HostFacts }),
    z.object({ reachable: z.literal(false), reason: z.string() }),
  ]),
});
export type InventoryHost = z.infer<typeof InventoryHost>;

/** A part of a listing that is still to be asked for: the hosts of a datacenter after this one, or all of them. */
export const InventoryPart = z.object({ datacenter: z.string(), after: z.string().optional() });
export type InventoryPart = Readonly<z.infer<typeof InventoryPart>>;

/** Hosts as one workflow lists them; those that its answer has no room for are in `more`. */
export interface InventoryPages {
  readonly hosts: readonly InventoryHost[];
  readonly more: readonly InventoryPart[];
}

export const Inventory = z.object({ hosts: z.array(InventoryHost) });
export type Inventory = z.infer<typeof Inventory>;
