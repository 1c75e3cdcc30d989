/**
 * A live migration between two simulated hosts, as libvirt's peer-to-peer protocol (version 3) goes: the source
 * drives it to its end, whatever becomes of the caller. The order of states and events is libvirt's, as measured
 * (a test holds both equal).
 */
import type { MigrationProgress } from '../../model/migrate-vm.ts';
import type { SimulatedMigration } from '../../model/simulated.ts';
import type { VmDefinition } from '../../model/vm-definition.ts';
import type { Alarm } from './clock.ts';
import type { Copy, Live } from './copy.ts';
import { Guest } from './guest.ts';
import type { SimulatedHost } from './host.ts';
import type { Cause } from './journal.ts';
import { MemoryCopy, type Rates } from './memory-copy.ts';
import { Refusal, type RefusalCode } from './refusal.ts';
import { peerKeepaliveMs, type MigrationMoment } from './world.ts';

const mebibyte = 1024 ** 2;
/** Measured on real hosts: the target's process stands, and copying starts. */
const prepareMs = 40;
/** From the last byte to the guest's first step at the target, beside the copy of the rest. */
const switchOverMs = 30;
/** From the target's event to the source's tear-down; who has the source quit as soon as he hears it is mostly the first. */
const replyMs = 20;
/** libvirt ends the source's process in 1.2 to 2 s. */
const tearDownMs = 1200;
const defaultMaxDowntimeMs = 300;
const hypervisor: Cause = { kind: 'hypervisor' };
const targetGone = "job 'migration out' failed: Unable to write to socket: Connection reset by peer";

/** Stops a migration at a moment, until the answer resolves; undefined: goes on. */
export type MomentTrap = (moment: MigrationMoment, uuid: string) => Promise<void> | undefined;

export class OutgoingMigration {
  maxDowntimeMs = defaultMaxDowntimeMs;
  /** libvirt's last reply is in: the source is being torn down, as migrated. */
  isConfirming = false;
  readonly done: Promise<void>;
  readonly #source: SimulatedHost;
  readonly #target: SimulatedHost;
  readonly #copy: Copy;
  readonly #live: Live;
  readonly #definition: VmDefinition;
  readonly #order: SimulatedMigration;
  readonly #trap: MomentTrap;
  readonly #memory: MemoryCopy;
  #resolve!: () => void;
  #reject!: (refusal: Refusal) => void;
  readonly #beganPaused: boolean;
  #isOver = false;
  /** One of its hosts is gone: nothing goes on until the other notices. */
  #isLost = false;
  #hasSwitched = false;
  /** QEMU has stopped the guest for the switch-over: it had not been paused before. */
  #isStoppedByIt = false;
  /** QEMU has sent the whole guest. */
  #isSent = false;
  /** The target has the whole guest. */
  #hasArrived = false;
  #arrived: Copy | undefined;
  #alarm: Alarm | undefined;

  constructor(
    source: SimulatedHost,
    target: SimulatedHost,
    copy: Copy,
    order: SimulatedMigration,
    trap: MomentTrap,
  ) {
    const { live } = copy;
    if (!live) throw new Refusal('OPERATION_INVALID', 'domain is not running');
    this.#source = source;
    this.#target = target;
    this.#copy = copy;
    this.#live = live;
    this.#beganPaused = copy.state === 'paused';
    this.#definition = live.definition;
    this.#order = order;
    this.#trap = trap;
    this.#memory = new MemoryCopy(
      live.definition.memoryMiB * mebibyte,
      () => this.#rates(),
      () => source.world.clock.nowMs(),
    );
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.done.catch(() => undefined);
    this.#after(prepareMs, () => this.#prepare());
  }

  get progress(): MigrationProgress {
    return this.#memory.progress;
  }

  /**
   * As `virDomainAbortJob`: from when QEMU has sent the whole guest it is answered as before and without effect, since a
   * migration that is completed has nothing left to cancel. A guest that QEMU has stopped it lets run itself.
   */
  abort(): void {
    if (this.#isOver || this.#isSent) return;
    this.#over(new Refusal('OPERATION_ABORTED', "job 'migration out' canceled by client"));
    this.#removeArrival();
    if (this.#isStoppedByIt) this.#restore('unpaused', 'unpaused');
    else this.#restore();
  }

  /** Ends it without a move: before the switch-over the VM runs on at the source, and the target's half is removed. */
  fail(message: string, code: RefusalCode = 'OPERATION_FAILED'): void {
    if (this.#isOver || this.#hasSwitched) return;
    this.#over(new Refusal(code, message));
    this.#removeArrival();
    this.#restore();
  }

  /** The source's process has ended: as long as the target lacks a part of the guest, nothing is left to move. */
  endedAtSource(): void {
    if (this.#isOver || this.#hasArrived) return;
    this.#over(new Refusal('OPERATION_FAILED', 'domain is not running'));
    this.#removeArrival();
  }

  /** The process that it fills has ended. */
  endedAtTarget(): void {
    if (!this.#hasArrived) this.#loseTarget(targetGone);
  }

  /**
   * One of its hosts has just died, or its libvirtd. What the other makes of it, it makes when it notices: at once
   * where the connection was closed, by keepalive where there is only silence.
   */
  lose(host: SimulatedHost, noticedAfterMs: number): void {
    // With the last reply in, the source needs the target no more.
    if (this.#isOver || this.#isLost || (this.isConfirming && host === this.#target)) return;
    this.#isLost = true;
    this.#alarm?.cancel();
    this.#source.world.clock.after(noticedAfterMs, () => {
      if (host === this.#source) this.#loseSource();
      else this.#loseTarget(this.#hasSwitched ? 'client socket is closed' : targetGone);
    });
  }

  #loseTarget(message: string): void {
    if (this.#hasSwitched) this.#rollBack(message);
    else this.fail(message);
  }

  /**
   * Where the whole source is dead, the target removes what it has not yet whole. A libvirtd that was started again
   * takes up what it finds (qemuProcessRecoverMigrationOut): a guest that has not left runs on, one whose last reply was
   * in is torn down, and of one in between libvirt can't know: it stays paused for good.
   */
  #loseSource(): void {
    if (this.#isOver) return;
    const message = `${this.#source.name} is gone`;
    const isAlive = this.#copy.live === this.#live;
    if (isAlive && this.#hasSwitched && !this.#hasArrived) return this.#rollBack(message);
    if (isAlive && this.isConfirming) this.#tearDown();
    this.#over(new Refusal('RPC', message));
    this.#removeArrival(0);
  }

  #rates(): Rates {
    const { world, spec } = this.#source;
    const wanted = this.#order.bandwidthMiBps ?? Infinity;
    const ofSource = spec.bandwidthMiBps / Math.max(1, migrationsOf(this.#source));
    const ofTarget = this.#target.spec.bandwidthMiBps / Math.max(1, migrationsOf(this.#target));
    const rate = Math.min(wanted, ofSource, ofTarget) * mebibyte;
    if (this.#copy.state !== 'running') return { rate, dirty: 0 };
    const fault = world.migrationFaults.get(this.#copy.uuid);
    const dirty = fault?.neverConverges ? rate * 2 : world.traitsOf(this.#copy.uuid).dirtyMiBps * mebibyte;
    return { rate, dirty };
  }

  async #prepare(): Promise<void> {
    if (!this.#reaches()) {
      this.#after(peerKeepaliveMs, () =>
        this.fail(`unable to connect to server at '${this.#target.name}': No route to host`, 'SYSTEM_ERROR'),
      );
      return;
    }
    try {
      this.#arrived = this.#target.receive(this.#definition, this);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#over(error);
      return;
    }
    if (!(await this.#at('prepared')) || !(await this.#at('copying'))) return;
    this.#beginPass(this.#memory.totalBytes);
  }

  #beginPass(bytes: number): void {
    const passMs = this.#memory.beginPass(bytes);
    if (this.#memory.passes > 1) {
      this.#after(passMs, () => this.#endPass());
      return;
    }
    const fails = this.#source.world.migrationFaults.get(this.#copy.uuid)?.failsAt;
    if (fails !== undefined) {
      this.#after(passMs * fails, () => this.fail("job 'migration out' unexpectedly failed"));
      return;
    }
    this.#after(passMs / 2, async () => {
      if (await this.#at('halfCopied')) this.#after(passMs / 2, () => this.#endPass());
    });
  }

  #endPass(): void {
    if (!this.#reaches()) {
      this.#after(peerKeepaliveMs, () => this.fail('Lost connection to destination host'));
      return;
    }
    const { leftBytes, leftMs } = this.#memory.endPass();
    if (leftMs <= this.maxDowntimeMs) void this.#switchOver(leftBytes, leftMs);
    else this.#beginPass(leftBytes);
  }

  async #switchOver(leftBytes: number, leftMs: number): Promise<void> {
    this.#hasSwitched = true;
    this.#live.guest.halt();
    this.#live.holdsDisks = false;
    // A guest that stands still already is not stopped again, and nobody is told.
    if (this.#copy.state === 'running') {
      this.#isStoppedByIt = true;
      this.#source.become(this.#copy, 'paused', 'migrating');
      this.#source.tell(this.#copy, hypervisor, { kind: 'suspended', detail: 'migrated' });
    }
    const suspendedMs = this.#source.world.clock.nowMs();
    this.#memory.addRest(leftBytes);
    if (!(await this.#at('switchedOver'))) return;
    this.#after(leftMs + switchOverMs, () => void this.#arrive(suspendedMs));
  }

  /** The target has the whole guest: Finish3 runs there, and its reply goes back. */
  async #arrive(suspendedMs: number): Promise<void> {
    this.#isSent = true;
    const arrived = this.#arrived;
    const { clock, network, migrationFaults } = this.#source.world;
    if (!arrived?.isIncoming || !this.#reaches()) {
      this.#after(peerKeepaliveMs, () => this.#rollBack('Lost connection to destination host'));
      return;
    }
    const guest = new Guest(clock, this.#live.guest.now);
    // As it was when it began: of a suspension on the way libvirt does not know whose it is.
    const staysPaused = this.#order.arrivesPaused || this.#beganPaused;
    this.#hasArrived = true;
    arrived.arrival = {
      copyMs: this.#memory.elapsedMs,
      downtimeMs: Math.round(clock.nowMs() - suspendedMs),
      copiedBytes: this.#memory.copiedBytes,
      iterations: this.#memory.passes,
    };
    const isNew = arrived.definition === undefined && !arrived.wasDefined;
    this.#target.become(
      arrived,
      staysPaused ? 'paused' : 'running',
      staysPaused ? 'user' : 'migrated',
      () => {
        arrived.live = { definition: this.#definition, guest, cpuMs: 0, holdsDisks: !staysPaused };
        arrived.isIncoming = false;
        arrived.definition = this.#definition;
        if (!staysPaused) guest.run();
      },
    );
    this.#target.tell(arrived, hypervisor, { kind: 'defined', detail: isNew ? 'added' : 'updated' });
    this.#target.tell(
      arrived,
      hypervisor,
      staysPaused ? { kind: 'suspended', detail: 'paused' } : { kind: 'resumed', detail: 'migrated' },
    );
    if (!(await this.#at('arrived'))) return;
    const isLost =
      migrationFaults.get(this.#copy.uuid)?.losesLastReply === true ||
      this.#target.state !== 'up' ||
      !network.carries(this.#target.name, this.#source.name);
    if (isLost) this.#after(peerKeepaliveMs, () => this.#rollBack('client socket is closed'));
    else this.#after(replyMs, () => void this.#confirm());
  }

  /** The reply is in: the source can't have run since, and is torn down. */
  async #confirm(): Promise<void> {
    this.isConfirming = true;
    if (!(await this.#at('confirming'))) return;
    this.#live.isTornDown = true;
    this.#after(tearDownMs, () => {
      this.#tearDown();
      this.#over();
    });
  }

  #tearDown(): void {
    const hasEnded = this.#copy.live !== this.#live;
    if (hasEnded && this.#copy.live) return;
    if (!this.#order.keepsDefinition) this.#copy.definition = undefined;
    // libvirt says that it has migrated also of a process that had ended by itself just before.
    if (hasEnded) this.#source.leave(this.#copy, hypervisor);
    else this.#source.end(this.#copy, 'migrated', hypervisor);
  }

  /**
   * No reply: libvirt takes the move for failed and lets the source run on, whatever the target does. Where the
   * disk has a lock that the target holds, the source stays paused for good.
   */
  #rollBack(message: string): void {
    if (this.#isOver) return;
    this.#over(new Refusal('INTERNAL_ERROR', message));
    this.#removeArrival();
    this.#restore();
  }

  /**
   * The guest goes on at the source, if it ran when the move began (qemuMigrationSrcRestoreDomainState), whoever has
   * paused it since.
   */
  #restore(why = 'migration canceled', told = 'migrated'): void {
    const { world, name } = this.#source;
    const { uuid, state, reason } = this.#copy;
    // A process that was told to quit can't run on: its end comes by itself.
    if (this.#copy.live !== this.#live || this.#live.isQuitting) return;
    if (world.traitsOf(uuid).locksDisk && world.isLockedElsewhere(uuid, name)) return;
    this.#live.holdsDisks = true;
    if (this.#beganPaused || state !== 'paused' || reason === 'I/O error') return;
    this.#source.become(this.#copy, 'running', why, () => this.#live.guest.run());
    this.#source.tell(this.#copy, hypervisor, { kind: 'resumed', detail: told });
  }

  /** The target removes its half when it is told, or when it notices that nobody speaks any more. */
  #removeArrival(noticedAfterMs?: number): void {
    const arrived = this.#arrived;
    if (!arrived?.isIncoming) return;
    const remove = (): void => {
      if (arrived.isIncoming) this.#target.end(arrived, 'crashed', hypervisor);
    };
    const afterMs = noticedAfterMs ?? (this.#reaches() && this.#source.state === 'up' ? 0 : peerKeepaliveMs);
    if (afterMs === 0) remove();
    else this.#source.world.clock.after(afterMs, remove);
  }

  #reaches(): boolean {
    const { state } = this.#target;
    return state === 'up' && this.#source.world.network.isOpen(this.#source.name, this.#target.name);
  }

  #over(refusal?: Refusal): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#alarm?.cancel();
    if (this.#copy.job === this) {
      this.#copy.job = undefined;
      this.#source.tell(this.#copy, hypervisor);
    }
    if (this.#arrived?.filler === this) this.#arrived.filler = undefined;
    if (refusal) this.#reject(refusal);
    else this.#resolve();
  }

  /** Whether it goes on: it may have ended while it was stopped here. */
  async #at(moment: MigrationMoment): Promise<boolean> {
    await this.#trap(moment, this.#copy.uuid);
    return !this.#isOver && !this.#isLost;
  }

  #after(ms: number, act: () => void | Promise<void>): void {
    this.#alarm = this.#source.world.clock.after(ms, () => {
      if (!this.#isOver) void act();
    });
  }
}

/** Migrations that share a host's network, out of it and into it. */
function migrationsOf({ copies }: SimulatedHost): number {
  let count = 0;
  for (const { job, isIncoming } of copies.values()) if (job || isIncoming) count++;
  return count;
}
