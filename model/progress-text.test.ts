import { expect, test } from 'vitest';
import { progressText } from './progress-text.ts';

const progress = {
  elapsedMs: 1500,
  totalBytes: 128 * 1024 ** 2,
  processedBytes: 64 * 1024 ** 2,
  remainingBytes: 32 * 1024 ** 2,
  bytesPerSecond: 30 * 1024 ** 2,
  dirtyBytesPerSecond: 10 * 1024 ** 2,
  iteration: 2,
};

test('how far a copy is, how long the VM would stand still, and how long it may', () => {
  expect(
    progressText({ ...progress, estimatedRestMs: 1600, expectedDowntimeMs: 1067, allowedDowntimeMs: 450 }),
  ).toBe(
    '64 MiB copied, 32 MiB of 128 MiB to go, 30 MiB/s, written at 10 MiB/s, pass 2, about 1.6 s left, would stand still for 1067 ms, 450 ms allowed',
  );
});

test('what was not measured is left out, and why it is aborted comes first', () => {
  expect(
    progressText({ ...progress, aborting: { kind: 'budget', reason: 'the copy was not done after 10 s' } }),
  ).toBe(
    'aborting, since the copy was not done after 10 s; 64 MiB copied, 32 MiB of 128 MiB to go, 30 MiB/s, written at 10 MiB/s, pass 2, rest unknown',
  );
});
