/** A simulated libvirtd host: the VMs on it, what may be done to them, and what its watchers are told. */
import type { HostReport, ReportedVm, VmEvent, VmSight } from '../../model/inventory.ts';
import type { VmDefinition } from '../../model/vm-definition.ts';
import { Copy } from './copy.ts';
import { CpuTime } from './cpu-time.ts';
import { withEpoch } from './definition.ts';
import { Guest } from './guest.ts';
import type { Cause, CopyView } from './journal.ts';
import type { OutgoingMigration } from './migration.ts';
import { refuseMissing } from './parts.ts';
import { Refusal } from './refusal.ts';
import { uuidOf, type HostSpec } from './spec.ts';
import { vmStateOf } from './states.ts';
import type { World } from './world.ts';

/** How long a guest takes from the power button to its end. */
const shutDownMs = 2000;
/** From QEMU's `quit` to the event that tells of it, and to libvirt's tear-down (measured: 10 ms, 1.2 to 2 s). */
const quitEventMs = 10;
const tearDownMs = 1200;

const hypervisor: Cause = { kind: 'hypervisor' };

export class SimulatedHost {
  readonly spec: HostSpec;
  readonly uuid: string;
  readonly world: World;
  readonly copies = new Map<string, Copy>();
  /** `dead`: nothing on it runs, by a fault; `off`: by its power switch; `frozen`: its VMs run, libvirtd hangs. */
  state: 'up' | 'dead' | 'off' | 'frozen' = 'up';
  /** How often it, or its libvirtd, was started: connections of an earlier time are unknown to it. */
  boots = 1;
  readonly #watchers = new Set<(event: VmEvent) => void>();
  readonly #cpuTime: CpuTime;

  constructor(spec: HostSpec, world: World) {
    this.spec = spec;
    this.world = world;
    this.uuid = uuidOf('host', spec.name);
    this.#cpuTime = new CpuTime(world, spec.cpus);
  }

  get name(): string {
    return this.spec.name;
  }

  /** Hands on every event from now on, until the answer is called. */
  watch(tell: (event: VmEvent) => void): () => void {
    this.#watchers.add(tell);
    return () => void this.#watchers.delete(tell);
  }

  // What it says.

  report(): HostReport {
    this.account();
    return {
      uuid: this.uuid,
      hypervisor: this.spec.hypervisor,
      cpus: Math.max(1, Math.ceil(this.spec.cpus)),
      memoryMiB: this.spec.memoryMiB,
      networks: this.spec.networks,
      vms: [...this.copies.values()].map((copy): ReportedVm => ({
        name: copy.vm,
        uuid: copy.uuid,
        state: vmStateOf(copy),
        stateReason: copy.reason,
        persistent: copy.definition !== undefined,
        memoryMiB: copy.shape?.memoryMiB ?? 0,
        vcpus: copy.shape?.vcpus ?? 1,
        ...(copy.live ? { cpuSeconds: copy.live.cpuMs / 1000 } : {}),
      })),
    };
  }

  sight(uuid: string): VmSight {
    const copy = this.copies.get(uuid);
    if (!copy) return { kind: 'absent' };
    const state = vmStateOf(copy);
    return {
      kind: 'present',
      // The original is paused for the migration too, for the moment of the switch-over.
      state: state === 'migratingIn' && !copy.isIncoming ? 'paused' : state,
      stateReason: copy.reason,
      persistent: copy.definition !== undefined,
    };
  }

  definition(uuid: string): VmDefinition {
    const { shape } = this.copyOf(uuid);
    if (!shape) throw noDomain(uuid);
    return shape;
  }

  // What is done to its VMs. Each names its cause, and is refused in libvirt's words.

  define(definition: VmDefinition, cause: Cause): void {
    this.#refuseNameClash(definition);
    const known = this.copies.get(definition.uuid);
    const copy = known ?? new Copy(definition);
    this.copies.set(definition.uuid, copy);
    const isNew = copy.definition === undefined && !copy.wasDefined;
    copy.definition = definition;
    this.tell(copy, cause, { kind: 'defined', detail: isNew ? 'added' : 'updated' });
  }

  undefine(uuid: string, cause: Cause): void {
    const copy = this.copyOf(uuid);
    if (!copy.definition) throw new Refusal('OPERATION_INVALID', 'cannot undefine transient domain');
    copy.definition = undefined;
    copy.wasDefined = true;
    this.#forgetIfGone(copy);
    this.tell(copy, cause, { kind: 'undefined', detail: 'removed' });
  }

  /**
   * Into its metadata: of what its process runs, and of what would be started. Watchers are not told.
   * @param ranWhenAsked whether what runs is to be written too; the order may have waited since
   */
  markEpoch(uuid: string, epoch: number, ranWhenAsked: boolean): void {
    const copy = ranWhenAsked ? this.#liveCopy(uuid) : this.copyOf(uuid);
    const carried = copy.shape?.epoch ?? 0;
    if (carried > epoch) throw new Refusal('STALE_EPOCH', `stale epoch ${epoch} < ${carried}`);
    if (copy.live) copy.live.definition = withEpoch(copy.live.definition, epoch);
    if (copy.definition) copy.definition = withEpoch(copy.definition, epoch);
  }

  start(uuid: string, cause: Cause): void {
    const copy = this.copyOf(uuid);
    if (copy.live) throw new Refusal('OPERATION_INVALID', 'domain is already running');
    const { definition } = copy;
    if (!definition) throw noDomain(uuid);
    try {
      refuseMissing(this, definition);
      this.#refuseLocked(copy);
    } catch (error) {
      this.become(copy, 'shut off', 'failed');
      this.tell(copy, cause);
      throw error;
    }
    const guest = new Guest(this.world.clock, { boot: this.world.nextBoot(uuid), uptimeMs: 0 });
    this.become(copy, 'running', 'booted', () => {
      copy.live = { definition, guest, cpuMs: 0, holdsDisks: true };
      guest.run();
    });
    this.tell(copy, cause, { kind: 'resumed', detail: 'unpaused' });
    this.tell(copy, cause, { kind: 'started', detail: 'booted' });
  }

  /** Presses the power button; the guest takes its time. */
  shutDown(uuid: string, cause: Cause): void {
    const copy = this.#liveCopy(uuid);
    const { live } = copy;
    this.world.clock.after(shutDownMs, () => {
      if (copy.live !== live || copy.state !== 'running') return;
      this.become(copy, 'shutting down', 'unknown');
      this.tell(copy, cause, { kind: 'shutDown', detail: 'finished after guest request' });
      this.end(copy, 'shutdown', cause);
    });
  }

  /** Pulls the plug. */
  destroy(uuid: string, cause: Cause): void {
    const copy = this.#liveCopy(uuid);
    // QEMU still tells libvirt that it was told to end.
    if (!copy.live?.isQuitting) {
      this.become(copy, 'shutting down', 'unknown', () => copy.live?.guest.halt());
      this.tell(copy, cause, { kind: 'shutDown', detail: 'finished after host request' });
    }
    this.end(copy, 'destroyed', cause);
  }

  suspend(uuid: string, cause: Cause): void {
    const copy = this.#liveCopy(uuid);
    if (copy.state === 'paused') return;
    copy.live?.guest.halt();
    // While a migration goes out, libvirt says of every suspension that it is the migration's.
    this.become(copy, 'paused', copy.job ? 'migrating' : 'user');
    this.tell(copy, cause, { kind: 'suspended', detail: copy.job ? 'migrated' : 'paused' });
  }

  resume(uuid: string, cause: Cause): void {
    const copy = this.#liveCopy(uuid);
    if (copy.state === 'running') throw new Refusal('OPERATION_INVALID', 'domain is already running');
    if (copy.live?.isQuitting) throw new Refusal('INTERNAL_ERROR', 'End of file from qemu monitor');
    if (copy.isIncoming || copy.job)
      throw new Refusal('OPERATION_TIMEOUT', 'cannot acquire state change lock (held by a migration)');
    this.#refuseLocked(copy);
    this.become(copy, 'running', 'unpaused', () => {
      if (!copy.live) return;
      copy.live.holdsDisks = true;
      copy.live.guest.run();
    });
    this.tell(copy, cause, { kind: 'resumed', detail: 'unpaused' });
  }

  /** Tells the hypervisor's process to end, past libvirt (QMP `quit`): libvirt tears it down when it notices. */
  quit(uuid: string, cause: Cause): void {
    const copy = this.#liveCopy(uuid);
    const { live } = copy;
    if (!live || live.isQuitting) return;
    live.isQuitting = true;
    live.guest.halt();
    tellMigrations(copy);
    this.world.clock.after(quitEventMs, () => {
      if (copy.live !== live) return;
      this.become(copy, 'shutting down', 'unknown');
      this.tell(copy, cause, { kind: 'shutDown', detail: 'finished after host request' });
      // A migration that has libvirt's last reply tears the copy down itself, as migrated.
      if (live.isTornDown) return;
      live.isTornDown = true;
      this.world.clock.after(tearDownMs, () => {
        if (copy.live === live) this.end(copy, 'shutdown', cause);
      });
    });
  }

  /** The hypervisor's process dies: a crash of the guest, or of QEMU. */
  crash(uuid: string): void {
    this.end(this.#liveCopy(uuid), 'crashed', { kind: 'fault' });
  }

  // What migrations do here.

  /** A copy that a migration fills: paused, without a guest until the switch-over. */
  receive(definition: VmDefinition, filler: OutgoingMigration): Copy {
    this.#refuseNameClash(definition);
    const known = this.copies.get(definition.uuid);
    if (known?.live) throw new Refusal('OPERATION_INVALID', `domain '${definition.name}' is already active`);
    refuseMissing(this, definition);
    const copy = known ?? new Copy(definition);
    this.copies.set(definition.uuid, copy);
    const guest = new Guest(this.world.clock, { boot: 0, uptimeMs: 0 });
    this.become(copy, 'paused', 'migrating', () => {
      copy.live = { definition, guest, cpuMs: 0, holdsDisks: false };
      copy.isIncoming = true;
      copy.filler = filler;
    });
    this.tell(copy, hypervisor, { kind: 'started', detail: 'migrated' });
    return copy;
  }

  /** Ends a copy's process, with libvirt's word for why; one without a definition is then gone. */
  end(copy: Copy, reason: 'shutdown' | 'destroyed' | 'crashed' | 'migrated' | 'failed', cause: Cause): void {
    if (!copy.live) return;
    const { job, filler } = copy;
    copy.live.guest.halt();
    this.become(copy, 'shut off', reason, () => {
      copy.live = undefined;
      copy.wasDefined = false;
      copy.isIncoming = false;
      copy.job = undefined;
    });
    this.#forgetIfGone(copy);
    // Of a process that died libvirt says in its event that it failed, and only in its state that it crashed.
    this.tell(copy, cause, { kind: 'stopped', detail: reason === 'crashed' ? 'failed' : reason });
    tellMigrations({ job, filler });
  }

  /** A copy whose process had ended by itself has migrated all the same, says libvirt. */
  leave(copy: Copy, cause: Cause): void {
    this.#forgetIfGone(copy);
    this.tell(copy, cause, { kind: 'stopped', detail: 'migrated' });
  }

  become(copy: Copy, state: CopyView['state'], reason: string, also: () => void = () => {}): void {
    this.account();
    also();
    copy.state = state;
    copy.reason = reason;
  }

  /** Writes the copy into the journal, and tells the watchers of the event. */
  tell(copy: Copy, cause: Cause, event?: Omit<VmEvent, 'uuid'>): void {
    const told = event && { uuid: copy.uuid, ...event };
    this.world.journal.write({
      kind: 'copy',
      copy: copy.view(this.name),
      cause,
      ...(told ? { event: told } : {}),
    });
    if (!told || this.state === 'dead' || this.state === 'off') return;
    for (const watcher of this.#watchers) watcher(told);
  }

  copyOf(uuid: string): Copy {
    const copy = this.copies.get(uuid);
    if (!copy) throw noDomain(uuid);
    return copy;
  }

  /** Counts the CPU time that its VMs have used since the last account. */
  account(): void {
    this.#cpuTime.account(this.copies.values());
  }

  #liveCopy(uuid: string): Copy {
    const copy = this.copyOf(uuid);
    if (!copy.live) throw new Refusal('OPERATION_INVALID', 'domain is not running');
    return copy;
  }

  #forgetIfGone(copy: Copy): void {
    if (!copy.shape) this.copies.delete(copy.uuid);
  }

  #refuseNameClash({ name, uuid }: VmDefinition): void {
    for (const copy of this.copies.values()) {
      if (copy.vm === name && copy.uuid !== uuid)
        throw new Refusal('OPERATION_FAILED', `domain '${name}' already exists with uuid ${copy.uuid}`);
      if (copy.uuid === uuid && copy.vm !== name)
        throw new Refusal('OPERATION_FAILED', `domain '${copy.vm}' is already defined with uuid ${uuid}`);
    }
  }

  /** QEMU's image lock, where the storage has one: the process that has the disks open for writing. */
  #refuseLocked(copy: Copy): void {
    if (this.world.traitsOf(copy.uuid).locksDisk && this.world.isLockedElsewhere(copy.uuid, this.name))
      throw new Refusal('INTERNAL_ERROR', 'Failed to get "write" lock');
  }
}

/** The process at one end of a migration has ended. */
function tellMigrations({ job, filler }: Pick<Copy, 'job' | 'filler'>): void {
  job?.endedAtSource();
  filler?.endedAtTarget();
}

function noDomain(uuid: string): Refusal {
  return new Refusal('NO_DOMAIN', `no domain with matching uuid '${uuid}'`);
}
