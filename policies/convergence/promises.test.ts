/** What the policy promises of every copy, not only of those that someone thought of. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaultConvergence } from '../../model/convergence.ts';
import type { CopyLimits } from './abort.ts';
import { judgeCopy, noHistory, type CopySeen } from './convergence.ts';
import { copyOf, type Stretch } from './simulated-copy.ts';

const limits = fc
  .record({
    maxDowntimeMs: fc.integer({ min: 10, max: 20_000 }),
    noProgressSeconds: fc.integer({ min: 5, max: 200 }),
    noProgressAtLongestSeconds: fc.integer({ min: 5, max: 200 }),
    budgetSeconds: fc.integer({ min: 10, max: 400 }),
  })
  .map((some): CopyLimits => ({ ...defaultConvergence, ...some }));

const bytes = fc.integer({ min: 0, max: 2 ** 40 });
/** Whatever a hypervisor may say, in whatever order, as long as passes and time go forward. */
const answers = fc
  .array(
    fc.record({
      afterMs: fc.integer({ min: 1, max: 30_000 }),
      passes: fc.integer({ min: 0, max: 3 }),
      remainingBytes: bytes,
      bytesPerSecond: bytes,
      dirtyBytesPerSecond: bytes,
      expectedDowntimeMs: fc.option(fc.integer({ min: 0, max: 100_000 }), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((steps) => {
    let [elapsedMs, iteration] = [0, 1];
    return steps.map(({ afterMs, passes, expectedDowntimeMs, ...figures }): CopySeen => {
      elapsedMs += afterMs;
      iteration += passes;
      const progress = { elapsedMs, totalBytes: 2 ** 40, processedBytes: 0, iteration, ...figures };
      return {
        elapsedMs,
        progress: expectedDowntimeMs === undefined ? progress : { ...progress, expectedDowntimeMs },
      };
    });
  });

test('the halt that is allowed never gets shorter, and never longer than the longest', () => {
  fc.assert(
    fc.property(answers, limits, (seen, held) => {
      let history = noHistory(held);
      for (const one of seen) {
        const judgement = judgeCopy(history, one, held);
        expect(judgement.allowedDowntimeMs).toBeGreaterThanOrEqual(history.allowedDowntimeMs);
        expect(judgement.allowedDowntimeMs).toBeLessThanOrEqual(held.maxDowntimeMs);
        ({ history } = judgement);
      }
    }),
  );
});

test('every copy whose time is over is given up, and its reason names the figures', () => {
  fc.assert(
    fc.property(answers, limits, (seen, held) => {
      let history = noHistory(held);
      for (const one of seen) {
        const judgement = judgeCopy(history, one, held);
        const isOver = one.elapsedMs >= held.budgetSeconds * 1000;
        expect(judgement.abort?.kind === 'budget').toBe(isOver);
        expect(judgement.abort?.reason ?? '').not.toMatch(/NaN|Infinity|undefined/);
        ({ history } = judgement);
      }
    }),
  );
});

/** A VM that writes more slowly than it is copied, by up to this ratio. */
const converging = (most: number): fc.Arbitrary<{ memoryMiB: number; stretches: Stretch[] }> =>
  fc
    .record({
      memoryMiB: fc.integer({ min: 64, max: 65_536 }),
      seconds: fc.integer({ min: 1, max: 200 }),
      ratio: fc.double({ min: 0, max: most, noNaN: true }),
    })
    .map(({ memoryMiB, seconds, ratio }) => {
      const copiedMiBps = memoryMiB / seconds;
      const stretch: Stretch = {
        fromSeconds: 0,
        copiedMiBps,
        writtenMiBps: copiedMiBps * ratio,
        writtenMiB: memoryMiB,
      };
      return { memoryMiB, stretches: [stretch] };
    });

test('a copy that clearly converges is neither given up nor allowed a longer halt', () => {
  fc.assert(
    // From two thirds on the last passes, each of some milliseconds, take more than a second.
    fc.property(converging(0.6), ({ memoryMiB, stretches }) => {
      const held = { ...defaultConvergence, budgetSeconds: 86_400 };
      const { end, allowed } = copyOf(memoryMiB, stretches, held);
      expect({ end, allowed }).toEqual({ end: 'halts', allowed: [300] });
    }),
    { numRuns: 60 },
  );
});

test('a copy that converges is never given up, whether or not the hypervisor tells what a pass begins with', () => {
  fc.assert(
    fc.property(converging(0.85), fc.boolean(), ({ memoryMiB, stretches }, isMeasured) => {
      const held = { ...defaultConvergence, budgetSeconds: 86_400 };
      expect(copyOf(memoryMiB, stretches, held, { isMeasured }).end).toBe('halts');
    }),
    { numRuns: 60 },
  );
});

test('a VM that always writes more than the longest halt allows is given up long before its time is over', () => {
  fc.assert(
    fc.property(
      fc.record({ copiedMiBps: fc.integer({ min: 20, max: 2000 }), times: fc.integer({ min: 2, max: 20 }) }),
      ({ copiedMiBps, times }) => {
        const writtenMiB = copiedMiBps * times;
        const stretch = { fromSeconds: 0, copiedMiBps, writtenMiBps: copiedMiBps * 2, writtenMiB };
        const held = { ...defaultConvergence, budgetSeconds: 86_400 };
        const { end, seconds } = copyOf(writtenMiB * 2, [stretch], held);
        expect(end).toBe('noProgress');
        expect(seconds).toBeLessThan(300);
      },
    ),
    { numRuns: 40 },
  );
});
