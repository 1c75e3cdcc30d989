/** How much the receiver has in hand at one time, so that a storm of webhooks takes no more memory than this. */
export interface MostInHand {
  /** Requests that are read or acted on. */
  readonly requests: number;
  /** Bytes of their bodies. One request alone may have more. */
  readonly bytes: number;
}

/**
 * Some 6,000 alerts, which the embedded Temporal takes within Alertmanager's usual `group_interval` (docs/monitoring.md):
 * what would wait longer is better sent again.
 */
export const defaultMostInHand: MostInHand = { requests: 1000, bytes: 4 * 1024 ** 2 };

export class InHand {
  readonly #most: MostInHand;
  #requests = 0;
  #bytes = 0;

  constructor(most: MostInHand) {
    this.#most = most;
  }

  get requests(): number {
    return this.#requests;
  }

  /**
   * Takes a request in hand.
   * @param bytes the most that its body can be
   * @returns how to let go of it; undefined where there is too much in hand already
   */
  take(bytes: number): (() => void) | undefined {
    const fits = this.#requests < this.#most.requests && this.#bytes + bytes <= this.#most.bytes;
    if (this.#requests > 0 && !fits) return undefined;
    this.#requests++;
    this.#bytes += bytes;
    return () => {
      this.#requests--;
      this.#bytes -= bytes;
    };
  }
}
