import { expect, test } from 'vitest';
import { pauseMs } from './supervisor.ts';

test('the pause before a start doubles with each failure, up to the longest', () => {
  const pauses = { firstMs: 500, longestMs: 30_000, resetAfterMs: 60_000 };
  expect([1, 2, 3, 4, 5, 6, 7, 8, 50].map((failures) => pauseMs(failures, pauses))).toEqual([
    500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000,
  ]);
});
