/**
 * What the base runs ask of each host and how often, which activities they begin, and which moments their migrations
 * reach: where something can be broken. Recorded in `occasions.json`; a test holds the record to what is so.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { RecordActivities } from '../../activities/records/record-activities.ts';
import type { JournalEntry } from '../../lab/simulated/journal.ts';
import { migrationMoments } from '../../lab/simulated/world.ts';
import { simulatedRequests, type SimulatedRequest } from '../../model/simulated.ts';
import { baseRunNames, baseRuns, type BaseRun, type BaseRunName } from './base-runs.ts';
import type { Cell } from './cell.ts';
import { runScenario } from './run-scenario.ts';
import type { PlacedFault } from './scenario.ts';
import { verdictInWords } from './verdict.ts';

const Occasions = z.strictObject({
  /** By host. */
  calls: z.record(z.string(), z.partialRecord(z.enum(simulatedRequests), z.int().positive())),
  activities: z.array(z.string()),
  moments: z.array(z.enum(migrationMoments)),
});
export type Occasions = z.infer<typeof Occasions>;
export type AllOccasions = Readonly<Record<BaseRunName, Occasions>>;

export const occasionsFile = join(import.meta.dirname, 'occasions.json');
export const recordCommand =
  'RECORD_OCCASIONS=1 npx vitest run --project harness test/harness/occasions.test.ts';

/** Asked again every so often while something lasts. */
const followsClock: readonly SimulatedRequest[] = ['ping', 'migrationProgress'];
/** Asked by records, once an operation holds something for a while. */
const lookAfter: keyof RecordActivities = 'isRunning';

export function readOccasions(): AllOccasions {
  return z.record(z.enum(baseRunNames), Occasions).parse(JSON.parse(readFileSync(occasionsFile, 'utf8')));
}

export function writeOccasions(occasions: AllOccasions): void {
  writeFileSync(occasionsFile, `${JSON.stringify(occasions, undefined, 2)}\n`);
}

/** Lets a base run happen undisturbed, and counts. @throws Error when it is convicted */
export async function countOccasions(cell: Cell, run: BaseRunName): Promise<Occasions> {
  const { datacenter, operations, premises }: BaseRun = baseRuns[run];
  // A fault that changes nothing tells that its place was there.
  const probes = migrationMoments.map((moment): PlacedFault => ({
    name: moment,
    at: { kind: 'migration', moment, nth: 1 },
    act: { kind: 'delay', ms: 0 },
  }));
  const verdict = await runScenario(cell, {
    ...(datacenter === undefined ? {} : { datacenter }),
    operations: [...operations],
    faults: [...premises, ...probes],
  });
  if (verdict.charges.length > 0) throw new Error(verdictInWords(verdict));
  return {
    calls: callsIn(cell.simulation.datacenter.journal.entries),
    activities: verdict.activities.filter((name) => isSure(run, name)).toSorted(),
    moments: migrationMoments.filter((moment) => verdict.struck.includes(moment)),
  };
}

/** Only of an operation that was terminated it is sure that a record looks after it. */
function isSure(run: BaseRunName, activity: string): boolean {
  const { premises }: BaseRun = baseRuns[run];
  return activity !== lookAfter || premises.some(({ act }) => act.kind === 'terminate');
}

function callsIn(entries: readonly JournalEntry[]): Occasions['calls'] {
  const calls: Record<string, Partial<Record<SimulatedRequest, number>>> = {};
  for (const entry of entries) {
    if (entry.kind !== 'call' || entry.outcome !== 'asked') continue;
    const call = z.enum(simulatedRequests).parse(entry.call);
    const ofHost = (calls[entry.host] ??= {});
    ofHost[call] = (ofHost[call] ?? 0) + 1;
  }
  return calls;
}

/** What is written down of a count: of what follows the clock the half, since a busy machine sees less of it. */
export function forRecord(run: BaseRunName, { calls, ...rest }: Occasions): Occasions {
  const { countsCalls }: BaseRun = baseRuns[run];
  if (countsCalls === 'never') return { calls: {}, ...rest };
  const written = Object.entries(calls).map(([host, ofHost]) => [
    host,
    Object.fromEntries(
      Object.entries(ofHost).map(([call, times]) => [
        call,
        isExact(run, call) ? times : Math.max(1, Math.floor(times / 2)),
      ]),
    ),
  ]);
  return { calls: Object.fromEntries(written) as Occasions['calls'], ...rest };
}

/** Where the record and a count differ, a sentence each. */
export function differences(run: BaseRunName, recorded: Occasions, counted: Occasions): string[] {
  const { countsCalls }: BaseRun = baseRuns[run];
  const hosts = new Set([...Object.keys(recorded.calls), ...Object.keys(counted.calls)]);
  const ofCalls = [...hosts].flatMap((host) =>
    simulatedRequests.flatMap((call) => {
      const [written, times] = [recorded.calls[host]?.[call] ?? 0, counted.calls[host]?.[call] ?? 0];
      const isSo = isExact(run, call) ? times === written : times >= written && (written > 0 || times === 0);
      if (isSo) return [];
      const often = isExact(run, call) ? '' : ', at least';
      return [`${run}: ${host} is asked ${call} ${times} times, and the record says ${written}${often}`];
    }),
  );
  const others = (['activities', 'moments'] as const).flatMap((what) => {
    const [written, seen] = [recorded[what].join(', '), counted[what].join(', ')];
    return written === seen ? [] : [`${run}: its ${what} are ${seen}, and the record says ${written}`];
  });
  return [...(countsCalls === 'never' ? [] : ofCalls), ...others];
}

function isExact(run: BaseRunName, call: string): boolean {
  return baseRuns[run].countsCalls === 'exactly' && !followsClock.some((name) => name === call);
}
