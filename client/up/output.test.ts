import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openProcessLog } from './output.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drover-log-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('whole lines are passed on, also when they come in pieces, and characters in two', () => {
  const lines: string[] = [];
  const log = openProcessLog(folder, 'worker', (line) => lines.push(line));
  const text = Buffer.from('first\nsécond\nunfinished');
  const middle = text.indexOf(0xc3) + 1;
  writeSync(log.fd, text.subarray(0, middle));
  log.catchUp();
  writeSync(log.fd, text.subarray(middle));
  log.catchUp();
  expect(lines).toEqual(['first', 'sécond']);
  log.close();
  expect(lines).toEqual(['first', 'sécond', 'unfinished']);
});

test('what an earlier start wrote stays in the file and is not passed on again', () => {
  const first = openProcessLog(folder, 'worker', () => {});
  writeSync(first.fd, 'earlier\n');
  first.close();
  const lines: string[] = [];
  const second = openProcessLog(folder, 'worker', (line) => lines.push(line));
  writeSync(second.fd, 'later\n');
  second.close();
  expect(lines).toEqual(['later']);
  expect(readFileSync(join(folder, 'worker.log'), 'utf8')).toBe('earlier\nlater\n');
});

test('the last ten lines are kept for when it dies', () => {
  const log = openProcessLog(folder, 'worker', () => {});
  for (let line = 1; line <= 12; line++) writeSync(log.fd, `line ${line}\n`);
  log.catchUp();
  expect(log.lastLines()).toHaveLength(10);
  expect(log.lastLines()[0]).toBe('line 3');
  log.close();
});

test('a log that has grown large is cut, with the part before kept once', () => {
  let count = 0;
  const log = openProcessLog(folder, 'worker', () => count++);
  const block = `${'x'.repeat(1023)}\n`.repeat(1024);
  for (let mib = 0; mib < 21; mib++) writeSync(log.fd, block);
  log.catchUp();
  writeSync(log.fd, 'after\n');
  log.close();
  expect(count).toBe(21 * 1024 + 1);
  expect(readFileSync(join(folder, 'worker.log'), 'utf8')).toBe('after\n');
  expect(statSync(join(folder, 'worker.log.1')).size).toBe(21 * 1024 * 1024);
  expect(existsSync(join(folder, 'worker.log.2'))).toBe(false);
});
