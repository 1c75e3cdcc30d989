/**
 * Whether the target can still open the VM's disks while a long copy goes on: what was found before the move may no
 * longer be so, and the VM would stop there at its first step.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { VmDefinition } from '../../model/vm-definition.ts';
import type { HostSession } from '../hosts/driver.ts';

/** One look may fail for reasons that pass; what it found is looked at again so soon. */
const secondLookMs = 5000;

export interface WatchedDisks {
  /** The target's name. */
  readonly to: string;
  readonly everySeconds: number;
  /** A session of the look's own: what it tries there ends with it. */
  readonly open: () => Promise<HostSession>;
  readonly definition: () => Promise<VmDefinition>;
}

/** Looks in the background, so that nobody waits for it, until it is disposed of. */
export class DiskWatch implements Disposable {
  /** What the target can no longer open, seen twice in a row; undefined: nothing, or it is not known. */
  lost: string | undefined;
  readonly #disks: WatchedDisks;
  readonly #end = new AbortController();

  constructor(disks: WatchedDisks) {
    this.#disks = disks;
    this.#watch().catch(() => undefined);
  }

  /** Ends a look that is under way as well: it may hold what the VM needs at its first step. */
  [Symbol.dispose](): void {
    this.#end.abort();
  }

  async #watch(): Promise<void> {
    const everyMs = this.#disks.everySeconds * 1000;
    const { signal } = this.#end;
    for (let isSuspected = false; ;) {
      await pause(isSuspected ? Math.min(secondLookMs, everyMs) : everyMs, undefined, { signal, ref: false });
      // A host that does not answer tells nothing of its disks; that it is gone is noticed by the migration.
      const found = await this.#look().catch(() => undefined);
      if (found !== undefined && isSuspected) {
        this.lost = found;
        return;
      }
      isSuspected = found !== undefined;
    }
  }

  async #look(): Promise<string | undefined> {
    const { to, open, definition } = this.#disks;
    const vm = await definition();
    const { signal } = this.#end;
    signal.throwIfAborted();
    await using session = await open();
    const end = (): void => {
      session[Symbol.asyncDispose]().then(undefined, () => undefined);
    };
    signal.addEventListener('abort', end, { once: true });
    signal.throwIfAborted();
    try {
      const missing = await session.rehearse(vm);
      const disk = missing.find(({ kind }) => kind === 'disk');
      return disk && `${to} can no longer open disk ${disk.name}: ${disk.reason}`;
    } finally {
      signal.removeEventListener('abort', end);
    }
  }
}
