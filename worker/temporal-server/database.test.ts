import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { discardHalfMade } from './database.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drover-database-'));
  file = join(folder, 'temporal.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

function database(...statements: string[]): void {
  const made = new DatabaseSync(file);
  for (const statement of statements) made.exec(statement);
  made.close();
}
const discard = (): string[] => {
  const said: string[] = [];
  discardHalfMade(file, (line) => said.push(line));
  return said;
};

test('a database with a namespace is kept, for it may hold workflows', () => {
  database('CREATE TABLE namespaces (name TEXT)', "INSERT INTO namespaces VALUES ('default')");
  expect(discard()).toEqual([]);
  expect(existsSync(file)).toBe(true);
});

test.for([
  ['no table yet', []],
  ['tables and no namespace', ['CREATE TABLE namespaces (name TEXT)']],
] as [string, string[]][])('one that was cut short with %s is removed', ([, statements]) => {
  database(...statements);
  expect(discard()).toEqual([expect.stringContaining('holds nothing')]);
  expect(existsSync(file)).toBe(false);
});

test('none at all is fine', () => {
  expect(discard()).toEqual([]);
  expect(existsSync(file)).toBe(false);
});

test('a file that is no database is refused and left as it is', () => {
  writeFileSync(file, 'not a database, but somebody wrote it'.repeat(50));
  expect(discard).toThrow(/not a database/);
  expect(existsSync(file)).toBe(true);
});
