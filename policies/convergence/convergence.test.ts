import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ConvergenceSettings, defaultConvergence } from '../../model/convergence.ts';
import { budgetSeconds } from './budget.ts';
import { noHistory } from './convergence.ts';
import { copyOf } from './simulated-copy.ts';
import { downtimeSteps, nextStep } from './steps.ts';

/** A scenario file: a VM and its network, from so many seconds on, and how its copy must go. */
const Scenario = z.strictObject({
  what: z.string(),
  memoryMiB: z.number(),
  stretches: z.array(
    z.strictObject({
      fromSeconds: z.number().default(0),
      copiedMiBps: z.number(),
      writtenMiBps: z.number(),
      writtenMiB: z.number(),
    }),
  ),
  settings: ConvergenceSettings.prefault({}),
  timeoutSeconds: z.number().optional(),
  bandwidthMiBps: z.number().optional(),
  expect: z.strictObject({
    end: z.enum(['halts', 'budget', 'noProgress']),
    allowed: z.array(z.number()),
    seconds: z.number(),
    reason: z.string().optional(),
  }),
});

const folder = join(import.meta.dirname, 'scenarios');

describe('a copy', () => {
  test.each(readdirSync(folder).map((file) => [file.replace('.json', ''), join(folder, file)]))(
    'in the situation %s',
    (_name, file) => {
      const scenario = Scenario.parse(JSON.parse(readFileSync(file, 'utf8')));
      const { memoryMiB, stretches, settings, timeoutSeconds, bandwidthMiBps } = scenario;
      const course = copyOf(memoryMiB, stretches, {
        ...settings,
        budgetSeconds: timeoutSeconds ?? budgetSeconds(memoryMiB),
        ...(bandwidthMiBps === undefined ? {} : { bandwidthMiBps }),
      });
      const { end, allowed, reason } = course;
      expect({ end, allowed, seconds: Math.round(course.seconds), reason }).toEqual({
        reason: undefined,
        ...scenario.expect,
      });
    },
  );

  test('that another attempt followed goes on with the halt that was allowed', () => {
    const limits = { ...defaultConvergence, budgetSeconds: 300 };
    expect(noHistory(limits, { allowedDowntimeMs: 675 }).allowedDowntimeMs).toBe(675);
    expect(noHistory(limits, { allowedDowntimeMs: 5000 }).allowedDowntimeMs).toBe(800);
    expect(noHistory(limits, {}).allowedDowntimeMs).toBe(300);
  });
});

describe('the steps', () => {
  test.each([
    [800, [300, 450, 675, 800]],
    [300, [300]],
    [50, [50]],
    [301, [300, 301]],
  ])('up to %d ms', (maxDowntimeMs, steps) => {
    expect(downtimeSteps(maxDowntimeMs)).toEqual(steps);
  });

  test.each([
    ['the next', 300, 100, 450],
    ['the one that would do', 300, 600, 675],
    ['the next where none would do', 300, 5000, 450],
    ['none above the longest', 800, 5000, 800],
  ])('%s', (_, allowedMs, restMs, next) => {
    expect(nextStep(allowedMs, restMs, 800)).toBe(next);
  });
});

test.each([
  [128, 300],
  [2048, 300],
  [2049, 301],
  [65_536, 9600],
])('a VM of %d MiB has %d s', (memoryMiB, seconds) => {
  expect(budgetSeconds(memoryMiB)).toBe(seconds);
});
