import { expect, test } from 'vitest';
import { growingPausesMs } from './growing-pauses.ts';

test('pauses double up to the longest and stay there', () => {
  const pauses = growingPausesMs({ firstMs: 200, mostMs: 1000 });
  expect([1, 2, 3, 4, 5].map(() => pauses.next().value)).toEqual([200, 400, 800, 1000, 1000]);
});
