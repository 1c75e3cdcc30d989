/**
 * Scenarios that Drover still fails, each the shortest that shows its fault: the list that later work empties. The
 * tests assert that each is still convicted, and random scenarios leave out the faults that are named here.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Scenario } from './scenario.ts';

const KeptSeed = z.strictObject({
  /** The fault that random scenarios leave out because of it. */
  leavesOut: z.string(),
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

/** Names of faults that random scenarios leave out. */
export function leftOut(kept: readonly KeptSeed[]): Set<string> {
  return new Set(kept.map(({ leavesOut }) => leavesOut));
}
