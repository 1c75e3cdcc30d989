/** The simulation's time: it can run faster than the world's, and stand still while a test looks. */

/** A point of time in milliseconds since the simulation began. */
export interface Clock {
  nowMs(): number;
  /** Runs `act` once so many simulated milliseconds have passed; calls of one moment run in the order of their asking. */
  after(delayMs: number, act: () => void): Alarm;
}

export interface Alarm {
  cancel(): void;
}

/** The world's time, `rate` times as fast. */
export class ScaledClock implements Clock {
  readonly rate: number;
  readonly #beganMs = performance.now();

  constructor(rate = 1) {
    if (!(rate > 0)) throw new RangeError(`a clock runs at a rate above 0, not ${rate}`);
    this.rate = rate;
  }

  nowMs(): number {
    return (performance.now() - this.#beganMs) * this.rate;
  }

  after(delayMs: number, act: () => void): Alarm {
    const timer = setTimeout(act, delayMs / this.rate);
    return { cancel: () => clearTimeout(timer) };
  }
}

/** Time that passes only by `advance`: for tests that want every moment in its place. */
export class ManualClock implements Clock {
  #nowMs = 0;
  #asked = 0;
  readonly #alarms = new Set<{ readonly atMs: number; readonly order: number; readonly act: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, act: () => void): Alarm {
    const alarm = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#asked++, act };
    this.#alarms.add(alarm);
    return { cancel: () => void this.#alarms.delete(alarm) };
  }

  /**
   * Lets so much time pass, with everything that falls due in it, each at its own moment. Between two of them whatever
   * waits for a promise goes on: a migration stops for its traps, and asks for its next alarm only then.
   */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      await promisesToSettle();
      const [next] = [...this.#alarms].toSorted((a, b) => a.atMs - b.atMs || a.order - b.order);
      if (!next || next.atMs > untilMs) break;
      this.#alarms.delete(next);
      this.#nowMs = next.atMs;
      next.act();
    }
    this.#nowMs = untilMs;
  }
}

/** Node runs every promise's reactions before it turns to what was set by `setImmediate`. */
function promisesToSettle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
