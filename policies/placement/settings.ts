/** The settings of placing one VM. */
import type { z } from 'zod';
import { ScoreWeights } from '../engine/scores.ts';
import { EngineSettings } from '../engine/settings.ts';

/** The limits of the engine, and how much each part of a score counts. Every key has a default. */
export const PlacementSettings = EngineSettings.extend({
  /**
   * CPU pressure counts most, since it is what a VM's users feel; free cores and memory then spread VMs over hosts
   * that are all under their aim.
   */
  weights: ScoreWeights.refine(
    (weights) => Object.values(weights).some((weight) => weight > 0),
    'needs a weight above 0',
  ).default({ cpuPressure: 4, cpuRoom: 3, memoryRoom: 2, vcpuRoom: 1, rules: 20 }),
});
export type PlacementSettings = z.infer<typeof PlacementSettings>;

export const defaultPlacementSettings: PlacementSettings = PlacementSettings.parse({});
