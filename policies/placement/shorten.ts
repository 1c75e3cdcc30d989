/** Placements in a size that can be kept. */
import type { Placement } from '../../model/placement.ts';

/**
 * The placement with at most `most` hosts that fit and as many that don't, and the count of those left out. A host
 * explained takes some 1.4 kB of JSON, and Temporal refuses a payload of 2 MiB, so that a workflow of a large herd
 * can't keep a whole placement. The chosen host, the present one and the one asked for always stay.
 * @param most Default: 25, some 70 kB in all
 * @param asked a host that a person named
 */
export function shortened(
  placement: Placement,
  { most = 25, asked }: { most?: number; asked?: string } = {},
): Placement {
  const always = new Set([placement.chosen, placement.from, asked]);
  const kept = { fitting: 0, refused: 0 };
  const leftOut = { fitting: 0, refused: 0 };
  const candidates = placement.candidates.filter(({ host, fits }) => {
    const kind = fits ? 'fitting' : 'refused';
    if (kept[kind] >= most && !always.has(host)) {
      leftOut[kind] += 1;
      return false;
    }
    kept[kind] += 1;
    return true;
  });
  return leftOut.fitting + leftOut.refused === 0 ? placement : { ...placement, candidates, leftOut };
}
