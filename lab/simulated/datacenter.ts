/** A simulated datacenter: hosts, VMs, networks and storage in one process, with everything that can go wrong in it. */
import type { SimulatedMigration } from '../../model/simulated.ts';
import { parseSimulatedUri } from '../../model/simulated.ts';
import { Bmc } from './bmc.ts';
import type { Clock } from './clock.ts';
import { definitionOf } from './definition.ts';
import { SimulatedHost } from './host.ts';
import { Journal, type Cause, type JournalEntry } from './journal.ts';
import { OutgoingMigration, type MomentTrap } from './migration.ts';
import { anyone, Network } from './network.ts';
import { missingParts } from './parts.ts';
import { Refusal } from './refusal.ts';
import { uuidOf, type DatacenterSpec } from './spec.ts';
import { peerKeepaliveMs, type MigrationFault, type VmTraits, type World } from './world.ts';

const person: Cause = { kind: 'person' };
const fault: Cause = { kind: 'fault' };
/** A guest whose storage is gone is paused by its hypervisor when its next write fails. */
const ioErrorAfterMs = 500;

export class SimulatedDatacenter implements World {
  readonly spec: DatacenterSpec;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly network = new Network(() => this.#noticeLostStorage());
  readonly migrationFaults = new Map<string, MigrationFault>();
  readonly hosts = new Map<string, SimulatedHost>();
  readonly bmcs = new Map<string, Bmc>();
  /** Stops migrations at their moments; the harness sets it. */
  momentTrap: MomentTrap = () => undefined;
  readonly #traits = new Map<string, VmTraits>();
  readonly #boots = new Map<string, number>();

  /** @param read is handed every entry of the journal, from the first on */
  constructor(spec: DatacenterSpec, clock: Clock, read?: (entry: JournalEntry) => void) {
    this.spec = spec;
    this.clock = clock;
    this.journal = new Journal(() => clock.nowMs());
    if (read) this.journal.follow(read);
    for (const hostSpec of spec.hosts) {
      const host = new SimulatedHost(hostSpec, this);
      this.hosts.set(host.name, host);
      this.bmcs.set(
        host.name,
        new Bmc({
          name: host.name,
          get isPowered() {
            return host.state !== 'off';
          },
          setPower: (on) => (on ? this.powerOn(host.name) : this.powerOff(host.name)),
        }),
      );
      this.#tellHost(host, person);
    }
    for (const vm of spec.vms) {
      const definition = definitionOf(vm);
      const { loadCores, dirtyMiBps, locksDisk } = vm;
      this.#traits.set(definition.uuid, { loadCores, dirtyMiBps, locksDisk });
      const host = this.hostNamed(vm.host);
      host.define(definition, person);
      if (vm.isRunning) host.start(definition.uuid, person);
    }
  }

  // As the parts of it see it.

  host(name: string): SimulatedHost | undefined {
    return this.hosts.get(name);
  }

  hostNamed(name: string): SimulatedHost {
    const host = this.hosts.get(name);
    if (!host) throw new Refusal('OPERATION_INVALID', `the simulated datacenter has no host ${name}`);
    return host;
  }

  traitsOf(uuid: string): VmTraits {
    return this.#traits.get(uuid) ?? { loadCores: 0, dirtyMiBps: 0, locksDisk: false };
  }

  nextBoot(uuid: string): number {
    const boot = (this.#boots.get(uuid) ?? 0) + 1;
    this.#boots.set(uuid, boot);
    return boot;
  }

  isLockedElsewhere(uuid: string, host: string): boolean {
    return [...this.hosts.values()].some((other) => {
      const copy = other.name === host ? undefined : other.copies.get(uuid);
      return copy?.live !== undefined && copy.live.holdsDisks && !copy.live.isQuitting;
    });
  }

  // What sessions and persons order.

  /** Starts a migration; the answer's `done` tells how it ended. */
  migrate(from: SimulatedHost, order: SimulatedMigration): OutgoingMigration {
    const copy = from.copyOf(order.uuid);
    if (!copy.live) throw new Refusal('OPERATION_INVALID', 'domain is not running');
    if (copy.isIncoming)
      throw new Refusal('OPERATION_TIMEOUT', 'cannot acquire state change lock (held by a migration)');
    if (copy.job)
      throw new Refusal(
        'OPERATION_INVALID',
        `another migration job is already running for domain '${copy.vm}'`,
      );
    const target = this.hosts.get(parseSimulatedUri(order.to)?.host ?? '');
    if (!target)
      throw new Refusal('SYSTEM_ERROR', `unable to connect to server at '${order.to}': No route to host`);
    if (target === from)
      throw new Refusal('INTERNAL_ERROR', `Attempt to migrate guest to the same host ${from.uuid}`);
    copy.job = new OutgoingMigration(from, target, copy, order, this.momentTrap);
    from.tell(copy, { kind: 'hypervisor' });
    return copy.job;
  }

  /** Whose VM this is by name; names are unique in a simulated datacenter. */
  static vmUuid(name: string): string {
    return uuidOf('vm', name);
  }

  setTraits(uuid: string, traits: Partial<Pick<VmTraits, 'loadCores' | 'dirtyMiBps'>>): void {
    for (const host of this.hosts.values()) host.account();
    Object.assign(this.traitsOf(uuid), traits);
  }

  // What goes wrong, and its undoing.

  /** Every process on the host ends at once and in silence; its power stays on. */
  crashHost(name: string): void {
    this.#die(this.hostNamed(name), 'dead', fault);
  }

  powerOff(name: string): void {
    this.#die(this.hostNamed(name), 'off', { kind: 'fault' });
  }

  /** The host boots; its VMs do not start by themselves. */
  powerOn(name: string): void {
    const host = this.hostNamed(name);
    if (host.state === 'up' || host.state === 'frozen') return;
    host.state = 'up';
    host.boots++;
    this.#tellHost(host, person);
  }

  /** libvirtd dies and is started again at once: its VMs run on, its migrations and its connections do not. */
  restartDaemon(name: string): void {
    const host = this.hostNamed(name);
    if (host.state !== 'up')
      throw new Refusal('OPERATION_INVALID', `${name} is ${host.state}: its libvirtd does not run`);
    host.boots++;
    for (const copy of host.copies.values()) {
      copy.job?.lose(host, 0);
      copy.filler?.lose(host, 0);
      if (copy.isIncoming) host.end(copy, 'failed', fault);
    }
    this.#tellHost(host, fault);
  }

  /** libvirtd hangs: it answers nothing, and does what it was asked when it wakes. Its VMs run on. */
  freezeHost(name: string): void {
    const host = this.hostNamed(name);
    if (host.state !== 'up')
      throw new Refusal('OPERATION_INVALID', `${name} is ${host.state}: it can't be frozen`);
    host.state = 'frozen';
    this.#tellHost(host, fault);
  }

  thawHost(name: string): void {
    const host = this.hostNamed(name);
    if (host.state !== 'frozen') return;
    host.state = 'up';
    this.#tellHost(host, person);
  }

  /** The host and its VMs run on, and nobody reaches them, nor they anybody. */
  isolateHost(name: string): void {
    this.hostNamed(name);
    this.network.cut(name, anyone);
    this.network.cut(anyone, name);
  }

  rejoinHost(name: string): void {
    this.network.mend(name, anyone);
    this.network.mend(anyone, name);
  }

  /** A storage server that nobody reaches: what runs from it is paused by its hypervisor. */
  takeStorageAway(name: string): void {
    this.network.cut(name, anyone);
    this.network.cut(anyone, name);
  }

  giveStorageBack(name: string): void {
    this.network.mend(name, anyone);
    this.network.mend(anyone, name);
  }

  #die(host: SimulatedHost, state: 'dead' | 'off', cause: Cause): void {
    if (host.state === 'dead' || host.state === 'off') {
      // What has no power can't crash.
      if (host.state === state || state === 'dead') return;
      host.state = state;
      this.#tellHost(host, cause);
      return;
    }
    host.state = state;
    for (const copy of host.copies.values()) {
      copy.job?.lose(host, peerKeepaliveMs);
      copy.filler?.lose(host, peerKeepaliveMs);
      if (!copy.live) continue;
      host.become(copy, 'shut off', 'unknown', () => {
        copy.live?.guest.halt();
        copy.live = undefined;
        copy.isIncoming = false;
        copy.job = undefined;
      });
      if (!copy.shape) host.copies.delete(copy.uuid);
      host.tell(copy, cause);
    }
    this.#tellHost(host, cause);
  }

  #noticeLostStorage(): void {
    this.clock.after(ioErrorAfterMs, () => {
      for (const host of this.hosts.values()) {
        for (const copy of host.copies.values()) {
          if (copy.state !== 'running' || !copy.live) continue;
          if (missingParts(host, copy.live.definition).every(({ kind }) => kind !== 'disk')) continue;
          copy.live.guest.halt();
          host.become(copy, 'paused', 'I/O error');
          host.tell(copy, fault, { kind: 'suspended', detail: 'I/O Error' });
        }
      }
    });
  }

  #tellHost(host: SimulatedHost, cause: Cause): void {
    this.journal.write({
      kind: 'host',
      host: host.name,
      state: host.state,
      memoryMiB: host.spec.memoryMiB,
      cause,
    });
  }
}
