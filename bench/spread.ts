/** Several measurements of one thing. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
}

/** @throws Error for no measurement */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const [min, max] = [sorted[0], sorted.at(-1)];
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (min === undefined || max === undefined || upper === undefined || lower === undefined)
    throw new Error('nothing was measured');
  return { median: (lower + upper) / 2, min, max, runs: values.length };
}

/** `13.1 ms (12.0-15.4, 5 runs)` */
export function shownMs({ median, min, max, runs }: Spread): string {
  const ms = (value: number): string => value.toFixed(value < 10 ? 2 : 1);
  return `${ms(median)} ms (${ms(min)}-${ms(max)}, ${runs} runs)`;
}
