/** Where faults can strike in a run: before, during and after every step, every call and every reply. */
import type { SimulatedRequest } from '../../model/simulated.ts';
import type { BaseRunName } from './base-runs.ts';
import { readOccasions } from './occasions.ts';
import type { FaultPlace, PlacedFault } from './scenario.ts';

export const phases = ['before', 'after', 'answered'] as const;
/** The second comes after the first has failed, or its worker has died. */
const attempts = [1, 2];
const occasions = readOccasions();

export const before: FaultPlace = { kind: 'before' };
export const start: FaultPlace = { kind: 'start' };

/** @param calls default: all that the run makes */
export function callPlaces(
  run: BaseRunName,
  at: readonly (typeof phases)[number][],
  calls?: readonly SimulatedRequest[],
): FaultPlace[] {
  return Object.entries(occasions[run].calls).flatMap(([host, ofHost]) =>
    (Object.entries(ofHost) as [SimulatedRequest, number][])
      .filter(([call]) => !calls || calls.includes(call))
      .flatMap(([call, times]) =>
        Array.from({ length: times }, (_, done) =>
          at.map((phase) => ({ kind: 'call' as const, call, host, nth: done + 1, phase })),
        ).flat(),
      ),
  );
}

export function everywhere(run: BaseRunName): FaultPlace[] {
  const { activities, moments } = occasions[run];
  return [
    ...callPlaces(run, phases),
    ...moments.map((moment) => ({ kind: 'migration' as const, moment, nth: 1 })),
    ...activities.flatMap((activity) =>
      attempts.flatMap((attempt) =>
        (['begins', 'ends'] as const).map((phase) => ({
          kind: 'activity' as const,
          activity,
          attempt,
          phase,
        })),
      ),
    ),
  ];
}

/** What must have gone wrong before for there to be such a place. */
export function premisesOf(at: FaultPlace): PlacedFault[] {
  if (at.kind !== 'activity' || at.attempt === 1) return [];
  return [
    {
      name: 'workerKilled',
      at: { ...at, attempt: at.attempt - 1, phase: 'begins' },
      act: { kind: 'killWorker' },
      isPremise: true,
    },
  ];
}
