/**
 * Scenarios that Drover still fails, each the shortest that shows its fault: the list that later work empties. The
 * tests assert that each is still convicted, and random scenarios leave out what is named here.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { FaultPlace, placeInWords, Scenario } from './scenario.ts';

/** A fault that random scenarios do not draw: at these places, or at none at all. */
const LeftOut = z.strictObject({
  fault: z.string(),
  places: z.array(FaultPlace).min(1).optional(),
});
export type LeftOut = z.infer<typeof LeftOut>;

const KeptSeed = z.strictObject({
  /** What random scenarios leave out because of it: as little as they can do without. */
  leavesOut: LeftOut,
  /** What it is convicted of. */
  charge: z.string(),
  /** Why, and what will mend it. */
  why: z.string(),
  scenario: Scenario,
});
export type KeptSeed = z.infer<typeof KeptSeed>;

export const keptFile = join(import.meta.dirname, 'kept-seeds.json');

export function readKept(): KeptSeed[] {
  return z.array(KeptSeed).parse(JSON.parse(readFileSync(keptFile, 'utf8')));
}

export function leftOut(kept: readonly KeptSeed[]): LeftOut[] {
  return kept.map(({ leavesOut }) => leavesOut);
}

export function isLeftOut(fault: string, at: FaultPlace, without: readonly LeftOut[]): boolean {
  return without.some(
    (left) => left.fault === fault && (left.places?.some((place) => isDeepStrictEqual(place, at)) ?? true),
  );
}

/** `daemonRestarted (at the migration's "arrived"), lastReplyLost`. */
export function leftOutInWords(without: readonly LeftOut[]): string {
  const each = without.map(({ fault, places }) =>
    places ? `${fault} (${places.map(placeInWords).join(', ')})` : fault,
  );
  return each.join(', ') || 'nothing';
}
