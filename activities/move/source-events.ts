/**
 * What the source tells of a VM while it leaves, on one unbroken connection: whether it has run since the migration
 * halted it, and that it has ended. Only this tells a copy at the target that is the latest from one that is stale.
 */
import type { VmEvent } from '../../model/inventory.ts';
import { setTimeout as pause } from 'node:timers/promises';
import { conditionOf } from '../../policies/settle/settle.ts';
import type { HostSession } from '../hosts/driver.ts';

/** Far less often than anything else is asked of a host. */
const aliveEveryMs = 500;

export class SourceEvents {
  /** When the migration halted the VM, by `performance.now()`; undefined: not seen. */
  haltedAtMs: number | undefined;
  readonly #session: HostSession;
  readonly #uuid: string;
  readonly #decided = Promise.withResolvers<void>();
  #hasEnded = false;
  #hasRunSince = false;
  #isPausedByPerson = false;

  private constructor(session: HostSession, uuid: string) {
    this.#session = session;
    this.#uuid = uuid;
  }

  /**
   * Listens, and only then looks: an attempt that finds the VM halted by a migration knows from there on.
   * @param session belongs to this listener alone
   */
  static async listen(session: HostSession, uuid: string): Promise<SourceEvents> {
    const events = new SourceEvents(session, uuid);
    await session.watch((event) => events.#hear(event));
    const sight = await session.sight(uuid);
    if (sight.kind !== 'present' || sight.state !== 'paused') return events;
    if (conditionOf(sight) === 'switching') events.haltedAtMs ??= performance.now();
    else events.#isPausedByPerson = !events.#hasRunSince;
    return events;
  }

  /** A person had paused it before the migration could, and nobody has resumed it: it is to arrive so. */
  get leavesPaused(): boolean {
    return this.#isPausedByPerson;
  }

  /**
   * Whether the target's copy is the latest: the source was halted by the migration, or by a person before it, and has
   * not run since. Asks the host, so that every event it has sent before is known.
   */
  async isTargetLatest(): Promise<boolean> {
    await this.#session.barrier();
    return this.#isHalted();
  }

  /**
   * Waits for proof that the source has ended and did not run since it was halted.
   * @returns false when there is none within `limitMs`, when it has run, or when the connection is lost
   */
  async provesEnd(limitMs: number): Promise<boolean> {
    const over = new AbortController();
    const tooLate = pause(limitMs, undefined, { signal: over.signal }).catch(() => undefined);
    await Promise.race([this.#decided.promise, tooLate, this.#untilLost(over.signal)]);
    over.abort();
    return this.#hasEnded && this.#isHalted();
  }

  /** Without its connection nothing more is told, and an end that is told later proves nothing. */
  async #untilLost(over: AbortSignal): Promise<void> {
    try {
      for (;;) {
        await pause(aliveEveryMs, undefined, { signal: over });
        await this.#session.barrier();
      }
    } catch {
      // Lost, or no longer asked.
    }
  }

  #isHalted(): boolean {
    return (this.haltedAtMs !== undefined || this.#isPausedByPerson) && !this.#hasRunSince;
  }

  #hear({ uuid, kind, detail }: VmEvent): void {
    if (uuid !== this.#uuid || this.#hasEnded) return;
    switch (kind) {
      case 'suspended':
        if (detail !== 'migrated') return;
        this.haltedAtMs = performance.now();
        this.#hasRunSince = false;
        this.#isPausedByPerson = false;
        return;
      case 'resumed':
        this.#hasRunSince = true;
        this.#isPausedByPerson = false;
        if (this.haltedAtMs !== undefined) this.#decided.resolve();
        return;
      case 'shutDown':
      case 'stopped':
      case 'crashed':
        this.#hasEnded = true;
        this.#decided.resolve();
        return;
      default:
    }
  }
}
