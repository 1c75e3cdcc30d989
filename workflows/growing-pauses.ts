/** Between two looks at the same thing. */
export interface Pauses {
  readonly firstMs: number;
  readonly mostMs: number;
}

/** Pauses that double up to the longest: a short wait ends soon after its cause, a long one leaves few events. */
export function* growingPausesMs({ firstMs, mostMs }: Pauses): Generator<number, never> {
  for (let ms = firstMs; ; ms = Math.min(mostMs, 2 * ms)) yield ms;
}
