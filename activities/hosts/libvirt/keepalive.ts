/**
 * Notices a dead peer: after each `intervalMs` of silence it pings, and after `count` pings without any answer it
 * declares the peer dead, so after `intervalMs * (count + 1)` of silence (the rule of libvirt's virkeepalive.c).
 * Whatever comes from the peer counts as a sign of life.
 */
export class Keepalive {
  readonly #intervalMs: number;
  readonly #count: number;
  readonly #ping: () => void;
  readonly #dead: (silentMs: number) => void;
  #lastHeard = 0;
  #unanswered = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: {
    intervalMs: number;
    count: number;
    ping: () => void;
    dead: (silentMs: number) => void;
  }) {
    this.#intervalMs = options.intervalMs;
    this.#count = options.count;
    this.#ping = options.ping;
    this.#dead = options.dead;
  }

  start(): void {
    this.heard();
    this.#arm(this.#intervalMs);
  }

  /** Something came from the peer. */
  heard(): void {
    this.#lastHeard = performance.now();
    this.#unanswered = 0;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(delayMs: number): void {
    // One tick at a time: a process that was frozen for a minute wakes to one missed ping, not to sixty.
    this.#timer = setTimeout(() => this.#tick(), delayMs).unref();
  }

  #tick(): void {
    const silentMs = performance.now() - this.#lastHeard;
    const dueMs = this.#intervalMs * (this.#unanswered + 1);
    if (silentMs < dueMs) {
      this.#arm(Math.max(1, dueMs - silentMs));
    } else if (this.#unanswered < this.#count) {
      this.#unanswered += 1;
      this.#ping();
      this.#arm(this.#intervalMs);
    } else {
      // Timers run before sockets are read: let what has come already be heard first.
      setImmediate(() => {
        if (this.#timer === undefined) return;
        if (this.#unanswered < this.#count) this.#arm(this.#intervalMs);
        else this.#dead(silentMs);
      });
    }
  }
}
