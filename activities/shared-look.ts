/** A costly look that those who ask at the same time share: at most one is under way, and one waits for its end. */

/** What was seen. */
export interface Looked<T> {
  readonly value: T;
  /** The look began after it was asked for: another one would see nothing older. */
  readonly isFresh: boolean;
}

export class SharedLook<T> {
  readonly #take: () => Promise<T>;
  readonly #nowMs: () => number;
  #running: { readonly beganMs: number; readonly done: Promise<T> } | undefined;
  #next: Promise<T> | undefined;
  #last: { readonly value: T; readonly beganMs: number } | undefined;

  /** @param nowMs a monotonic clock */
  constructor(take: () => Promise<T>, nowMs: () => number = () => performance.now()) {
    this.#take = take;
    this.#nowMs = nowMs;
  }

  /** A look that begins after this call. One that is under way may have asked already what has changed since. */
  fresh(): Promise<T> {
    if (!this.#running) return this.#begin();
    this.#next ??= this.#running.done
      .then(
        () => undefined,
        () => undefined,
      )
      .then(() => {
        this.#next = undefined;
        return this.#begin();
      });
    return this.#next;
  }

  /** The last look, or the one under way, where it began at most so long ago; else a fresh one. */
  async recent(mostMs: number): Promise<Looked<T>> {
    const young = this.youngerThan(mostMs);
    if (young) return young;
    if (this.#running && this.#nowMs() - this.#running.beganMs <= mostMs)
      return { value: await this.#running.done, isFresh: false };
    return { value: await this.fresh(), isFresh: true };
  }

  /** The last look, where it began at most so long ago. */
  youngerThan(mostMs: number): Looked<T> | undefined {
    const last = this.#last;
    return last && this.#nowMs() - last.beganMs <= mostMs ? { value: last.value, isFresh: false } : undefined;
  }

  #begin(): Promise<T> {
    const beganMs = this.#nowMs();
    const done = this.#take().then(
      (value) => {
        this.#last = { value, beganMs };
        this.#running = undefined;
        return value;
      },
      (error: unknown) => {
        this.#running = undefined;
        throw error;
      },
    );
    this.#running = { beganMs, done };
    return done;
  }
}
