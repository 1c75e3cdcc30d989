/**
 * The tests that every operation has, made from one description of it. Its steps are found by a first run: each
 * activity that it calls is let fail, repeated and canceled in its turn, so that a new step is covered by itself.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { promises } from './promises.ts';
import { startStepWorker, type Operation, type StepWorker } from './step-worker.ts';

/** Declares them, in a block with the name of the workflow type. */
export function testSteps<W>(operation: Operation<W>): void {
  describe(`the steps of ${operation.workflow}`, () => {
    let worker: StepWorker<W>;
    beforeAll(async () => {
      worker = await startStepWorker(operation);
    });
    afterAll(() => worker?.[Symbol.asyncDispose]());

    test.each(Object.entries(promises))('%s', async (_promise, look) => {
      const { actual, expected } = await look(operation, worker);
      expect(Object.keys(actual)).not.toEqual([]);
      expect(actual).toEqual(expected);
    });
  });
}
