/** The best host for one VM without the words: for planners that ask by the thousand. */
import { fits } from './filters.ts';
import type { Herd, HerdHost, HerdVm } from './herd.ts';
import { type ScoreWeights, scoreOf } from './scores.ts';

/**
 * The host with the highest score of those that fit, the first by name among equals; undefined: none fits.
 * @param among default: all hosts of the herd
 */
export function bestHost(
  herd: Herd,
  vm: HerdVm,
  weights: ScoreWeights,
  among: Iterable<HerdHost> = herd.hosts,
): HerdHost | undefined {
  let best: HerdHost | undefined;
  let bestScore = -1;
  for (const host of among) {
    if (!fits(herd, vm, host)) continue;
    const score = scoreOf(herd, vm, host, weights);
    if (score > bestScore || (score === bestScore && best !== undefined && host.name < best.name)) {
      best = host;
      bestScore = score;
    }
  }
  return best;
}
