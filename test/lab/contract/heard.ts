/** The events of one VM on one host, in their order, for who reads them later and who waits for one. */
export class Heard {
  readonly #events: string[] = [];
  readonly #waiting = new Set<() => void>();
  #read = 0;

  add(event: string): void {
    this.#events.push(event);
    for (const look of this.#waiting) look();
  }

  /** Those that were not yet read. */
  unread(): readonly string[] {
    const events = this.#events.slice(this.#read);
    this.#read = this.#events.length;
    return events;
  }

  /** Resolves as soon as an unread one is this; a poll would come too late to be the first who acts on it. */
  async one(event: string, limitMs: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = (): void => {
      if (this.#events.includes(event, this.#read)) resolve();
    };
    const timer = setTimeout(
      () => reject(new Error(`"${event}" was not heard; heard: ${this.#events.join(', ')}`)),
      limitMs,
    );
    this.#waiting.add(look);
    try {
      look();
      await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(look);
    }
  }
}
