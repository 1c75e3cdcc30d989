import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import type { MigrationProgress } from '../../model/migrate-vm.ts';
import { plainLines } from './follow.ts';
import { moveLine } from './live-line.ts';

const mib = 1024 ** 2;
const progress: MigrationProgress = {
  elapsedMs: 7200,
  totalBytes: 1000 * mib,
  processedBytes: 750 * mib,
  remainingBytes: 250 * mib,
  bytesPerSecond: 118 * mib,
  dirtyBytesPerSecond: 4 * mib,
  iteration: 2,
  estimatedRestMs: 2120,
  expectedDowntimeMs: 120,
  allowedDowntimeMs: 300,
};
const way = 'host1 to host2';

test('a line of a log has everything', () => {
  expect(moveLine(progress, { way })).toBe(
    'host1 to host2  75 %  118 MiB/s  written 4 MiB/s  rest 250 MiB, 2.1 s  0 ms down  120 ms expected  300 ms allowed  pass 2  7 s',
  );
});

test('on a terminal of 80 columns the bar and what matters most have room', () => {
  expect(moveLine(progress, { way, width: 79 })).toBe(
    '[####--]  75 %  118 MiB/s  written 4 MiB/s  rest 250 MiB, 2.1 s  0 ms down  7 s',
  );
});

test.each([20, 30, 40, 60, 80, 100, 120, 150, 200, 300])('a line of %i columns fits', (width) => {
  const line = moveLine(progress, { way, width });
  expect(stringWidth(line)).toBeLessThanOrEqual(width);
  expect(line).toContain('75 %');
});

test('the wider, the more', () => {
  expect(moveLine(progress, { way, width: 300 })).toContain(`[${'#'.repeat(22)}${'-'.repeat(8)}]  ${way}`);
});

test.each([
  ['nothing is known yet', { totalBytes: 0, remainingBytes: 0 }, '0 %'],
  ['more is written than there was', { remainingBytes: 2000 * mib }, '0 %'],
  ['all is copied', { remainingBytes: 0 }, '100 %'],
])('where %s the bar stays in its bounds', (_, more, expected) => {
  expect(moveLine({ ...progress, ...more }, { width: 79 })).toMatch(
    new RegExp(`^\\[[#-]{6,30}\\]  ${expected}`),
  );
});

test('an abort says why, whatever the width', () => {
  const aborting = { kind: 'budget', reason: 'its 60 s are over' } as const;
  expect(moveLine({ ...progress, aborting }, { width: 30 })).toContain('aborting, since its 60 s are over');
});

test('without a terminal a step is told at once, and what changes within it once a second', () => {
  const lines: string[] = [];
  let nowMs = 0;
  const plain = plainLines(
    (line) => lines.push(line),
    () => nowMs,
  );
  const at = (ms: number, text: string, step: string): void => {
    nowMs = ms;
    plain.show(text, step);
  };
  at(0, 'checking', 'checking');
  at(100, 'copied 1', 'moving');
  at(350, 'copied 2', 'moving');
  at(1050, 'copied 3', 'moving');
  at(1100, 'copied 4', 'moving');
  at(2200, 'copied 4', 'moving');
  at(4000, 'copied 4', 'moving');
  at(4100, 'ended', 'ended');
  expect(lines).toEqual(['checking', 'copied 1', 'copied 4', 'ended']);
});
