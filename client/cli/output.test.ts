import { expect, test } from 'vitest';
import { tableOf } from './output.ts';

test('columns are as wide as their widest cell, and lines end with their text', () => {
  const rows = [
    ['VM', 'HOST', 'STATE'],
    ['web1', 'host10', 'running'],
    ['database1', 'host1', ''],
  ];
  expect(tableOf(rows)).toBe(
    ['VM         HOST    STATE', 'web1       host10  running', 'database1  host1'].join('\n'),
  );
});

test('letters that take two columns, or none, keep the columns straight', () => {
  const rows = [
    ['数据库', 'a'],
    ['cafe\u0301', 'b'],
    ['🚚', 'c'],
    ['ü', 'd'],
  ];
  expect(tableOf(rows)).toBe(['数据库  a', 'cafe\u0301    b', '🚚      c', 'ü       d'].join('\n'));
});

test('text from outside never moves the cursor', () => {
  expect(tableOf([['web1\u001b[2J\nweb2', 'a']])).toBe('web1\uFFFD[2J\uFFFDweb2  a');
});

test('twenty thousand rows are no more work than their text', () => {
  const rows = Array.from({ length: 20_000 }, (_, at) => [`vm${at}`, `host${at % 1000}`, 'running (booted)']);
  const startedAt = performance.now();
  expect(tableOf(rows).split('\n')).toHaveLength(20_000);
  // Some 40 ms; a table that looks at every row for every other takes minutes.
  expect(performance.now() - startedAt).toBeLessThan(5000);
});
