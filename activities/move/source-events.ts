/**
 * What the source tells of a VM while it leaves, on one unbroken connection: whether it has run since the migration
 * halted it, and that it has ended. Only this tells a copy at the target that is the latest from one that is stale.
 */
import type { VmEvent } from '../../model/inventory.ts';
import type { HostSession } from '../hosts/driver.ts';

export class SourceEvents {
  /** When the migration halted the VM, by `performance.now()`; undefined: not seen. */
  haltedAtMs: number | undefined;
  readonly #session: HostSession;
  readonly #uuid: string;
  readonly #ended = Promise.withResolvers<void>();
  #hasEnded = false;
  #hasRunSince = false;

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
    const isHalted =
      sight.kind === 'present' && sight.state === 'paused' && sight.stateReason === 'migrating';
    if (isHalted) events.haltedAtMs ??= performance.now();
    return events;
  }

  /**
   * Whether the target's copy is the latest: the source was halted by the migration and has not run since. Asks the
   * host, so that every event it has sent before is known.
   */
  async isTargetLatest(): Promise<boolean> {
    await this.#session.barrier();
    return this.haltedAtMs !== undefined && !this.#hasRunSince;
  }

  /**
   * Waits for proof that the source has ended and did not run since it was halted.
   * @returns false when there is none within `limitMs`, or when it has run
   */
  async provesEnd(limitMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, limitMs);
    });
    await Promise.race([this.#ended.promise, tooLate]);
    clearTimeout(timer);
    return this.#hasEnded && this.haltedAtMs !== undefined && !this.#hasRunSince;
  }

  #hear({ uuid, kind, detail }: VmEvent): void {
    if (uuid !== this.#uuid || this.#hasEnded) return;
    switch (kind) {
      case 'suspended':
        if (detail !== 'migrated') return;
        this.haltedAtMs = performance.now();
        this.#hasRunSince = false;
        return;
      case 'resumed':
        this.#hasRunSince = true;
        return;
      case 'shutDown':
      case 'stopped':
      case 'crashed':
        this.#hasEnded = true;
        this.#ended.resolve();
        return;
      default:
    }
  }
}
