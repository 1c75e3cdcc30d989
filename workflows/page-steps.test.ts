import { expect, test } from 'vitest';
import { durationText, StepLog } from './page-steps.ts';

const plan = [
  { name: 'lease', what: 'the right' },
  { name: 'settle', what: 'what was left', ifNeeded: true },
  { name: 'move', what: 'it moves' },
  { name: 'tidy', what: 'all is let go' },
] as const;
const startMs = Date.parse('2026-01-01T10:00:00Z');
const rows = (log: StepLog<string>): string[] => log.table.split('\n').slice(2);

test('what was done, what is under way, and what is to come', () => {
  const log = new StepLog<string>(plan);
  expect(log.place).toBeUndefined();
  log.take({ step: 'lease', phase: 'doing' }, startMs);
  log.take({ step: 'move', phase: 'doing' }, startMs + 1500);
  expect(log.place).toBe('step 2 of 3: move');
  expect(rows(log)).toEqual([
    '| lease | the right | done | 10:00:00 | 1.5 s |',
    '| move | it moves | under way | 10:00:01 | - |',
    '| tidy | all is let go | to come | - | - |',
  ]);
  log.take({ step: 'tidy', phase: 'doing' }, startMs + 200_000);
  log.end(true, startMs + 201_000);
  expect(log.place).toBeUndefined();
  expect(rows(log)).toEqual([
    '| lease | the right | done | 10:00:00 | 1.5 s |',
    '| move | it moves | done | 10:00:01 | 3 min 19 s |',
    '| tidy | all is let go | done | 10:03:20 | 1.0 s |',
  ]);
});

test('a step that is done again, and one that is shown only where it was needed', () => {
  const log = new StepLog<string>(plan);
  for (const step of ['lease', 'settle', 'move', 'move']) log.take({ step, phase: 'doing' }, startMs);
  expect(log.place).toBe('step 3 of 4: move');
  expect(rows(log)[1]).toBe('| settle | what was left | done | 10:00:00 | 0.0 s |');
  expect(rows(log)[2]).toBe('| move | it moves | under way (time 2) | 10:00:00 | - |');
});

test('what failed, what was undone, and what was not', () => {
  const log = new StepLog<string>(plan);
  for (const step of ['lease', 'move']) log.take({ step, phase: 'doing' }, startMs);
  for (const step of ['move', 'lease']) log.take({ step, phase: 'undoing' }, startMs + 1000);
  expect(rows(log).slice(0, 2)).toEqual([
    '| lease | the right | done, being undone | 10:00:00 | 0.0 s |',
    '| move | it moves | failed, undone | 10:00:00 | 1.0 s |',
  ]);
  log.end(false, startMs + 2000, [{ step: 'lease' }]);
  expect(rows(log)).toEqual([
    '| lease | the right | done, not undone | 10:00:00 | 0.0 s |',
    '| move | it moves | failed, undone | 10:00:00 | 1.0 s |',
    '| tidy | all is let go | not begun | - | - |',
  ]);
});

test('durations', () => {
  expect([940, 59_940, 60_000, 200_000, 7_500_000].map(durationText)).toEqual([
    '0.9 s',
    '59.9 s',
    '1 min 0 s',
    '3 min 20 s',
    '2 h 5 min',
  ]);
});
