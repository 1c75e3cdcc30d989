/** How long a client could not reach a server: a new TCP connection attempt every 10 ms. */
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

const everyMs = 10;
/** An attempt that is not connected by then has failed. */
const withinMs = 150;

/** Runs until it is stopped. */
export class ConnectionProbe implements Disposable {
  readonly #address: string;
  readonly #port: number;
  readonly #timer: NodeJS.Timeout;
  /** When the attempts began that were connected in time. */
  #connectedAt: number[] = [];

  constructor(address: string, port: number) {
    this.#address = address;
    this.#port = port;
    this.#timer = setInterval(() => this.#attempt(), everyMs);
  }

  /** Forgets what it saw. */
  reset(): void {
    this.#connectedAt = [];
  }

  /** The longest time between two attempts that succeeded, in milliseconds. */
  longestGapMs(): number {
    const times = this.#connectedAt.toSorted((a, b) => a - b);
    return Math.max(...times.slice(1).map((time, index) => time - (times[index] ?? time)));
  }

  /**
   * Returns when `count` attempts that begin from now on were connected.
   * @throws Error when that takes longer than `limitMs`
   */
  async untilConnected(count: number, limitMs = 15_000): Promise<void> {
    const from = performance.now();
    for (;;) {
      const connected = this.#connectedAt.filter((time) => time >= from).length;
      if (connected >= count) return;
      if (performance.now() - from > limitMs)
        throw new Error(
          `${this.#address}:${this.#port} took ${connected} connections in ${limitMs / 1000} s, not ${count}`,
        );
      await pause(everyMs);
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #attempt(): void {
    const began = performance.now();
    const socket = connect(this.#port, this.#address);
    const tooLate = setTimeout(() => socket.destroy(), withinMs);
    socket.on('connect', () => {
      clearTimeout(tooLate);
      this.#connectedAt.push(began);
      socket.destroy();
    });
    // A refused or lost attempt is one that did not connect.
    socket.on('error', () => clearTimeout(tooLate));
  }
}
