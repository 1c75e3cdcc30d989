/** The rate of a counter over a window, as Prometheus reckons it: what a rule compares is reckoned in the same way. */

/** One scrape of a counter. */
export interface Sample {
  readonly atMs: number;
  readonly value: number;
}

/**
 * Prometheus's `rate(counter[window])` (extrapolatedRate in promql/functions.go): the increase between the first and
 * the last sample, stretched to the window's edges where these are near, else by half an interval; a counter that
 * falls has begun anew.
 * @returns per second; undefined with fewer than two samples in the window
 */
export function ratePerSecond(
  samples: readonly Sample[],
  { untilMs, windowSeconds }: { readonly untilMs: number; readonly windowSeconds: number },
): number | undefined {
  const fromMs = untilMs - windowSeconds * 1000;
  const inside = samples.filter(({ atMs }) => atMs >= fromMs && atMs <= untilMs);
  const [first] = inside;
  const last = inside.at(-1);
  if (!first || !last || last === first) return undefined;
  let increase = last.value - first.value;
  let before = first;
  for (const sample of inside) {
    if (sample.value < before.value) increase += before.value;
    before = sample;
  }
  const spanMs = last.atMs - first.atMs;
  const intervalMs = spanMs / (inside.length - 1);
  const stretch = (gapMs: number): number => (gapMs < intervalMs * 1.1 ? gapMs : intervalMs / 2);
  // A counter was never below zero: it is not stretched back beyond where it would have been.
  const sinceZeroMs = increase > 0 ? spanMs * (first.value / increase) : Infinity;
  const stretchedMs =
    spanMs + stretch(Math.min(first.atMs - fromMs, sinceZeroMs)) + stretch(untilMs - last.atMs);
  return (increase * (stretchedMs / spanMs)) / windowSeconds;
}
