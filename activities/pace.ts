/** Not more than so many a second, evenly: whoever is asked has other work too. */
import { setTimeout as pause } from 'node:timers/promises';

export class Pace {
  readonly #everyMs: number;
  #nextMs = 0;

  constructor(perSecond: number) {
    this.#everyMs = 1000 / perSecond;
  }

  /** Returns when it is the caller's turn. @throws the signal's reason when it is raised while waiting */
  async turn(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const nowMs = performance.now();
    const atMs = Math.max(nowMs, this.#nextMs);
    this.#nextMs = atMs + this.#everyMs;
    if (atMs > nowMs) await pause(atMs - nowMs, undefined, signal ? { signal } : {});
  }
}
