/** What runs inside a VM, as far as its users can tell: a clock that goes on while the VM runs. */
import type { Clock } from './clock.ts';
import type { GuestClock } from './journal.ts';

/** One boot of a guest, in the memory of one host. */
export class Guest {
  readonly boot: number;
  readonly #clock: Clock;
  #uptimeMs: number;
  #runsSinceMs: number | undefined;

  constructor(clock: Clock, { boot, uptimeMs }: GuestClock) {
    this.#clock = clock;
    this.boot = boot;
    this.#uptimeMs = uptimeMs;
  }

  run(): void {
    this.#runsSinceMs ??= this.#clock.nowMs();
  }

  halt(): void {
    this.#uptimeMs = this.now.uptimeMs;
    this.#runsSinceMs = undefined;
  }

  /** What its users would see now. */
  get now(): GuestClock {
    const ranMs = this.#runsSinceMs === undefined ? 0 : this.#clock.nowMs() - this.#runsSinceMs;
    return { boot: this.boot, uptimeMs: this.#uptimeMs + ranMs };
  }
}
