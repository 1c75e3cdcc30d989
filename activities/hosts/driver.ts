/**
 * How the rest of Drover sees a hypervisor: one driver opens sessions to hosts, and a session answers and acts in
 * Drover's words. libvirt is the first implementation (`libvirt-driver.ts`); nothing outside this folder knows its types.
 *
 * A session belongs to one attempt of one activity: what it asks for dies with its connection, and a silent peer
 * is noticed by keepalive. VMs are named by UUID alone.
 */
import type { MigrationProgress, MoveFigures } from '../../model/migrate-vm.ts';
import type { HostReport, VmEvent, VmSight } from '../../model/inventory.ts';
import type { VmDefinition } from '../../model/vm-definition.ts';

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
   * @throws HostUnreachable when it does not answer within `timeoutMs`; HostRefused when it lets nobody in
   */
  open(host: HostAddress, options?: { readonly timeoutMs?: number }): Promise<HostSession>;
}

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
  /** The VM stays paused at the target until it is resumed there; default false. */
  readonly arrivesPaused?: boolean;
  /** The source's definition stays when the VM has left, so that its end can be read; default false. */
  readonly keepsDefinition?: boolean;
}

/** What a host is asked for: to open a session, or by a method of one. What a refusal means depends on it. */
export type HostCall = 'open' | Exclude<keyof HostSession, 'host' | typeof Symbol.asyncDispose>;

/**
 * Every call rejects with HostUnreachable, with HostRefused, or with HostUnreadable where what came back can't be what was
 * asked for; anything else is a fault of our own.
 */
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
   * on when this session, or the process that holds it, dies. The answer takes as long as the move: who asks other things
   * meanwhile does so on another session.
   * @throws HostRefused with the hypervisor's reason; HostUnreachable when the answer was lost, which says nothing
   *   about where the VM is: look at both hosts
   */
  migrate(uuid: string, order: MigrationOrder): Promise<void>;
  /** How far an outgoing migration is; undefined when none runs. */
  migrationProgress(uuid: string): Promise<MigrationProgress | undefined>;
  /**
   * How long the VM may stand still when an outgoing migration switches over; libvirt's default is 300 ms. Does nothing
   * when the VM does not run here (any more).
   */
  setMaxDowntime(uuid: string, downtimeMs: number): Promise<void>;
  /**
   * Asks an outgoing migration to end; the VM then runs on here. Does nothing when none runs, nor when it comes too late:
   * once the hypervisor has sent the whole guest the move goes on, and only how it ends tells.
   */
  abortMigration(uuid: string): Promise<void>;
  /** What the migration that brought the VM here measured; empty when the hypervisor does not know. */
  migrationFigures(uuid: string): Promise<MoveFigures>;
  /**
   * Hands every event of every VM on this host to `listener`, in their order, until the session ends. Once a later
   * question on this session is answered, every event that came before its answer has been handed over.
   */
  watch(listener: (event: VmEvent) => void): Promise<void>;
  /** The cheapest question: its answer says that all events up to it have been handed over. */
  barrier(): Promise<void>;

  // What changes a VM's life. @throws HostRefused when its state does not allow it.

  /** Defines a VM, or changes its definition; it does not start. */
  define(definition: VmDefinition): Promise<void>;
  /** Removes the definition; a running VM goes on and is gone when it stops. */
  undefine(uuid: string): Promise<void>;
  /**
   * Writes the epoch of the lease under which the VM is acted on into its metadata, of the running VM and of its
   * definition; a migration takes it along. Called before a migration begins: while one runs the host lets it wait,
   * and may still write it when the call was given up.
   * @throws HostRefused of the class `superseded` when the VM carries a later epoch
   */
  markEpoch(uuid: string, epoch: number): Promise<void>;
  start(uuid: string): Promise<void>;
  /** Presses the power button; ends when the guest was told, not when it is off. */
  shutDown(uuid: string): Promise<void>;
  /** Ends it at once, as pulling its plug would. */
  destroy(uuid: string): Promise<void>;
  suspend(uuid: string): Promise<void>;
  resume(uuid: string): Promise<void>;
  /**
   * Tells the hypervisor's process to end, past libvirt (QMP `quit`): within milliseconds where libvirt itself would
   * take seconds. The answer may come at once or only with the tear-down, and proves nothing: await the event.
   */
  quit(uuid: string): Promise<void>;
}
