import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withLock } from './lock.ts';
import { bootId, startTimeOf } from './processes.ts';

let file = '';
beforeEach(() => {
  file = join(mkdtempSync(join(tmpdir(), 'lab-lock-')), 'lock');
});
afterEach(() => rmSync(dirname(file), { recursive: true }));

test('one at a time, and nothing is left behind', async () => {
  let inside = 0;
  const seen: number[] = [];
  const work = async () => {
    seen.push(++inside);
    await new Promise(setImmediate);
    inside--;
  };
  await Promise.all(Array.from({ length: 10 }, async () => withLock(file, 10, work)));
  expect(seen).toEqual(Array.from({ length: 10 }, () => 1));
  expect(readdirSync(dirname(file))).toEqual([]);
});

test('a lock is given back when the work fails', async () => {
  await expect(withLock(file, 0, async () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(existsSync(file)).toBe(false);
});

test('a living holder is named', async () => {
  writeFileSync(file, `${process.ppid} ${startTimeOf(process.ppid)} ${bootId()}`);
  await expect(withLock(file, 0, async () => 'never')).rejects.toThrow(`process ${process.ppid} is at work`);
  expect(readFileSync(file, 'utf8')).toContain(String(process.ppid));
});

test.each([
  ['a process that ended', () => `4194305 1 ${bootId()}`],
  ['a pid that has been given to another process', () => `${process.pid} 1 ${bootId()}`],
  ['another boot of the machine', () => `${process.pid} ${startTimeOf(process.pid)} another-boot`],
])('a lock of %s is taken over at once', async (_, holder) => {
  writeFileSync(file, holder());
  expect(await withLock(file, 0, async () => 'done')).toBe('done');
});
