/** The copy of a guest's memory, pass over pass, while the guest writes on: how far it is, and what is left to do. */
import type { MigrationProgress } from '../../model/migrate-vm.ts';

/** What a pass goes by, in bytes a second: how fast memory is copied, and how fast the guest writes it anew. */
export interface Rates {
  readonly rate: number;
  readonly dirty: number;
}

const shortestPassMs = 10;

export class MemoryCopy {
  readonly totalBytes: number;
  readonly #rates: () => Rates;
  readonly #nowMs: () => number;
  readonly #startedMs: number;
  #pass = { number: 0, beganMs: 0, bytes: 0, rate: 1, lastsMs: 0 };
  #copiedBytes = 0;

  constructor(totalBytes: number, rates: () => Rates, nowMs: () => number) {
    this.totalBytes = totalBytes;
    this.#rates = rates;
    this.#nowMs = nowMs;
    this.#startedMs = nowMs();
  }

  /** Passes begun so far. */
  get passes(): number {
    return this.#pass.number;
  }

  get copiedBytes(): number {
    return Math.round(this.#copiedBytes);
  }

  get elapsedMs(): number {
    return Math.round(this.#nowMs() - this.#startedMs);
  }

  /** Begins the next pass over so many bytes. @returns how long it lasts, in milliseconds */
  beginPass(bytes: number): number {
    const { rate } = this.#rates();
    const lastsMs = Math.max(shortestPassMs, (bytes / rate) * 1000);
    this.#pass = { number: this.#pass.number + 1, beganMs: this.#nowMs(), bytes, rate, lastsMs };
    return lastsMs;
  }

  /** Ends the pass. @returns what the guest has written meanwhile, and how long it takes to copy that */
  endPass(): { readonly leftBytes: number; readonly leftMs: number } {
    const { bytes, rate, lastsMs } = this.#pass;
    this.#copiedBytes += bytes;
    this.#pass = { ...this.#pass, beganMs: this.#nowMs(), bytes: 0 };
    const leftBytes = Math.min(this.totalBytes, (this.#rates().dirty * lastsMs) / 1000);
    return { leftBytes, leftMs: (leftBytes / rate) * 1000 };
  }

  /** The rest is copied while the guest stands still. */
  addRest(bytes: number): void {
    this.#copiedBytes += bytes;
  }

  get progress(): MigrationProgress {
    const { rate: now, dirty } = this.#rates();
    const hasBegun = this.#pass.number > 0;
    const rate = hasBegun ? this.#pass.rate : now;
    const inPass = Math.min(this.#pass.bytes, ((this.#nowMs() - this.#pass.beganMs) / 1000) * rate);
    const remainingBytes = Math.max(0, Math.round(hasBegun ? this.#pass.bytes - inPass : this.totalBytes));
    const gain = rate - dirty;
    return {
      elapsedMs: this.elapsedMs,
      totalBytes: this.totalBytes,
      processedBytes: Math.round(this.#copiedBytes + inPass),
      remainingBytes,
      bytesPerSecond: Math.round(rate),
      dirtyBytesPerSecond: Math.round(dirty),
      iteration: this.#pass.number,
      ...(gain > 0 ? { estimatedRestMs: Math.round((remainingBytes / gain) * 1000) } : {}),
      ...(this.#pass.number > 1 && this.#pass.bytes > 0
        ? { expectedDowntimeMs: Math.round((this.#pass.bytes / rate) * 1000) }
        : {}),
    };
  }
}
