/**
 * How the rest of Drover sees a hypervisor: one driver opens sessions to hosts, and a session answers and acts in
 * Drover's words. libvirt is the first implementation (`libvirt-driver.ts`); nothing outside this folder knows its types.
 *
 * A session belongs to one attempt of one activity: what it asks for dies with its connection, and a silent peer
 * is noticed by keepalive. VMs are named by UUID alone.
 */
import type { MigrationProgress, MoveFigures } from '../../model/migrate-vm.ts';
import type { VmState } from '../../model/inventory.ts';
import type { VmDefinition } from './definition.ts';

/** A host of the settings, as a driver needs it. */
export interface HostAddress {
  readonly name: string;
  readonly uri: string;
  /** The URI by which other hosts reach it. */
  readonly peerUri: string;
  /** Where memory is copied to, when a VM moves here. */
  readonly migrateTo: string;
}

export interface HostDriver {
  /**
   * Connects to a host.
   * @throws HostUnreachable when it does not answer within `timeoutMs`
   */
  open(host: HostAddress, options?: { readonly timeoutMs?: number }): Promise<HostSession>;
}

/** One VM of a report: its facts as the hypervisor counts them. */
export interface ReportedVm {
  readonly name: string;
  readonly uuid: string;
  readonly state: VmState;
  readonly stateReason: string;
  readonly persistent: boolean;
  readonly memoryMiB: number;
  readonly vcpus: number;
  /** CPU time used since the VM was started here, in seconds. */
  readonly cpuSeconds?: number;
}

/** Everything a host says in one look. Its `vms` is complete: a VM that is not in it is not there. */
export interface HostReport {
  readonly uuid: string;
  readonly hypervisor: string;
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly networks?: readonly string[];
  readonly vms: readonly ReportedVm[];
}

/** What a host says of one VM; `absent` is proven by a full listing. */
export type VmSight =
  | {
      readonly kind: 'present';
      readonly state: VmState;
      readonly stateReason: string;
      readonly persistent: boolean;
    }
  | { readonly kind: 'absent' };

/** A part of a VM that a host could not provide, as its own hypervisor said. */
export interface MissingPart {
  readonly kind: 'disk' | 'network';
  /** The disk's target in the guest (`vda`), or the network's name. */
  readonly name: string;
  readonly reason: string;
}

/** An order to move a running VM. */
export interface MigrationOrder {
  readonly to: HostAddress;
  readonly bandwidthMiBps?: number;
}

export interface HostSession extends AsyncDisposable {
  readonly host: string;
  report(): Promise<HostReport>;
  sight(uuid: string): Promise<VmSight>;
  definition(uuid: string): Promise<VmDefinition>;
  /** Why the VM's CPU does not run here; undefined when it does. `sourceCpu` is what the source says of its own. */
  cpuIncompatibility(definition: VmDefinition, sourceCpu: string): Promise<string | undefined>;
  /** The host's own CPU, in the hypervisor's form, for `cpuIncompatibility` of another host. */
  cpu(): Promise<string>;
  /**
   * Opens the VM's disks (read-only) and networks on this host in a paused throw-away VM that the hypervisor
   * removes with this session; answers every part that it could not open.
   */
  rehearse(definition: VmDefinition): Promise<readonly MissingPart[]>;
  /**
   * Moves a running VM to another host, and ends when the hypervisor says so. The job belongs to the hosts: it goes
   * on when this session, or the process that holds it, dies.
   * @throws HostRefused with the hypervisor's reason; HostUnreachable when the answer was lost, which says nothing
   *   about where the VM is: look at both hosts
   */
  migrate(uuid: string, order: MigrationOrder): Promise<void>;
  /** How far an outgoing migration is; undefined when none runs. */
  migrationProgress(uuid: string): Promise<MigrationProgress | undefined>;
  /** How long the VM may stand still when an outgoing migration switches over; libvirt's default is 300 ms. */
  setMaxDowntime(uuid: string, downtimeMs: number): Promise<void>;
  /** Asks an outgoing migration to end; the VM then runs on here. Does nothing when none runs. */
  abortMigration(uuid: string): Promise<void>;
  /** What the migration that brought the VM here measured; empty when the hypervisor does not know. */
  migrationFigures(uuid: string): Promise<MoveFigures>;
}
