/**
 * Who reaches whom. Parties are workers, hosts, storage servers and BMCs, by name; a link that is cut carries nothing
 * in that direction, and nobody is told: as with a pulled cable, only silence tells.
 */

/** Stands for every party. */
export const anyone = '*';

export class Network {
  readonly #cuts = new Set<string>();
  readonly #onCut: () => void;

  /** @param onCut is called after each cut: somebody may have lost something by it */
  constructor(onCut: () => void = () => {}) {
    this.#onCut = onCut;
  }

  /** Cuts one direction; `anyone` on either side stands for every party but the other side itself. */
  cut(from: string, to: string): void {
    this.#cuts.add(link(from, to));
    this.#onCut();
  }

  mend(from: string, to: string): void {
    this.#cuts.delete(link(from, to));
  }

  mendAll(): void {
    this.#cuts.clear();
  }

  carries(from: string, to: string): boolean {
    if (from === to) return true;
    return ![link(from, to), link(from, anyone), link(anyone, to)].some((cut) => this.#cuts.has(cut));
  }

  /** Whether a question gets an answer. */
  isOpen(a: string, b: string): boolean {
    return this.carries(a, b) && this.carries(b, a);
  }

  get cuts(): readonly string[] {
    return [...this.#cuts];
  }
}

function link(from: string, to: string): string {
  return `${from} -> ${to}`;
}
