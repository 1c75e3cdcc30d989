/** What many runs come to: how many, in how many a fault struck, which ones, and what was convicted. */
import { faultKinds } from './catalogue.ts';
import type { Verdict } from './verdict.ts';

export class Tally {
  runs = 0;
  /** Runs in which at least one fault found its place. */
  struck = 0;
  readonly convicted: Verdict[] = [];
  readonly #byKind = new Map(Object.keys(faultKinds).map((name) => [name, 0]));

  add(verdict: Verdict): void {
    this.runs++;
    if (verdict.struck.length > 0) this.struck++;
    if (verdict.charges.length > 0) this.convicted.push(verdict);
    for (const name of verdict.struck) this.#byKind.set(name, (this.#byKind.get(name) ?? 0) + 1);
  }

  get struckShare(): number {
    return this.runs === 0 ? 0 : this.struck / this.runs;
  }

  /** How often each kind of fault struck, those that never did included. */
  get byKind(): string {
    return [...this.#byKind].map(([name, times]) => `${name} ${times}`).join(', ');
  }
}
