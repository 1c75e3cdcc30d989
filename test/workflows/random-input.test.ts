/** Whatever JSON a workflow is started with, it runs, or it ends at once as `InvalidInput`; none hangs. */
import * as fc from 'fast-check';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSettleActivities } from '../../activities/settle/settle-activities.ts';
import { recordsOfContext } from '../../activities/records/create-record-activities.ts';
import { failureMeanings } from '../../model/failures.ts';
import { taskQueue } from '../../model/operations.ts';
import * as workflows from '../../workflows/index.ts';
import { startStandInWorker, type StandInWorker } from './stand-in-worker.ts';

let worker: StandInWorker;
beforeAll(async () => {
  worker = await startStandInWorker({
    ...createSettleActivities(recordsOfContext),
    surveyRecords: async () => ({ hosts: 0, silent: 0, vms: 0, created: 0, skipped: 0, failed: 0 }),
    planExamination: async () => ({ datacenters: [], keepaliveTrialMs: 0 }),
    doNothing: async () => undefined,
    examineTemporal: async () => [],
  });
});
afterAll(() => worker?.[Symbol.asyncDispose]());

/** Keys that some workflow knows, so that what is behind them is reached. */
const keys = (
  'vm to reason dryRun acceptWarnings onlyIfStarved maxDowntimeMs bandwidthMiBps timeoutSeconds wait rank runsOn ' +
  'host hosts trials carried mostEvents datacenter after __proto__ constructor'
)
  .split(' ')
  .concat('');
const words = fc.constantFrom('web1', 'host2', 'person', '--all', '13', 'a;b', '\u0000', '../x', '💥');
const value = fc.oneof(
  words,
  fc.constantFrom(true, false, null, 0, -1, 1.5, 100, 1e308),
  fc.jsonValue({ maxDepth: 2 }),
);
const input = fc.oneof(
  { weight: 3, arbitrary: fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: 5 }) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  { weight: 1, arbitrary: fc.constant(undefined) },
);

/** So many at a time: a start costs milliseconds, and a worker has slots. */
const atOnce = 25;
const inputsOfEach = 50;
let started = 0;

/** How it ended. @returns 'goes on' for what waits for nothing of its input within the time that a task has */
async function endOf(type: string, given: unknown): Promise<string> {
  const handle = await worker.temporal.workflow.start(type, {
    workflowId: `random-input/${type}/${++started}`,
    taskQueue,
    args: [given],
    // A task that fails again and again has not ended by then, and is told as TIMED_OUT.
    workflowRunTimeout: '20s',
  });
  try {
    await handle.result();
    return 'completed';
  } catch (error) {
    const cause = error instanceof WorkflowFailedError ? error.cause : error;
    if (cause instanceof ApplicationFailure) return cause.type ?? 'no type';
    return `${(cause as Error).name}: ${(cause as Error).message}`;
  }
}

test.each(Object.keys(workflows))('%s', async (type) => {
  const inputs = fc.sample(input, inputsOfEach);
  const ends = new Map<string, unknown[]>();
  for (let place = 0; place < inputs.length; place += atOnce) {
    await Promise.all(
      inputs.slice(place, place + atOnce).map(async (given) => {
        const end = await endOf(type, given);
        ends.set(end, [...(ends.get(end) ?? []), given]);
      }),
    );
  }
  const known = new Set<string>(['completed', ...Object.keys(failureMeanings)]);
  expect(Object.fromEntries([...ends].filter(([end]) => !known.has(end)))).toEqual({});
  // These have no input.
  expect(ends.has('InvalidInput') || ['surveyHerd', 'readCoverage'].includes(type)).toBe(true);
});
