/** At most so much at a time; what is more waits, and is begun in the order in which it came. */
export class Turns {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;

  constructor(most: number) {
    this.#most = most;
  }

  async run<T>(act: () => Promise<T>): Promise<T> {
    // Whoever ends hands its turn on, so that nobody who comes meanwhile is first.
    if (this.#underWay >= this.#most) await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    else this.#underWay++;
    try {
      return await act();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#underWay--;
    }
  }
}
