/** The settings of emptying hosts. */
import { PlacementSettings } from '../placement/settings.ts';
import { z } from 'zod';

/** Those of placing one VM, and how hard a plan is looked for. */
export const EvacuationSettings = PlacementSettings.extend({
  /** Placements that are tried in the search for a plan where the simple ways find none. */
  mostTries: z.int().min(0).max(10_000_000).default(20_000),
  /** Changes that are tried to lower the load of the busiest host. */
  mostSwaps: z.int().min(0).max(1_000_000).default(2000),
});
export type EvacuationSettings = z.infer<typeof EvacuationSettings>;

export const defaultEvacuationSettings: EvacuationSettings = EvacuationSettings.parse({});
