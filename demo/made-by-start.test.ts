import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { isOwnLab } from './made-by-start.ts';

test('a lab that is new, or that an earlier start left, is the start’s own; one that somebody brought up is not', () => {
  const folder = mkdtempSync(join(tmpdir(), 'drover-made-by-start-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  expect(isOwnLab(folder)).toBe(false);
  expect(isOwnLab(folder)).toBe(false);
  const fresh = join(folder, 'lab');
  expect(isOwnLab(fresh)).toBe(true);
  expect(isOwnLab(fresh)).toBe(true);
});
