import { expect, test } from 'vitest';
import { didYouMean, nearNames } from './near-names.ts';

const known = ['web1', 'web2', 'web10', 'db1', 'migrate-vm/web1/2026-11-24T10:00:00.000Z'];

test.each([
  ['wbe1', ['web1', 'db1']],
  ['wEB2', ['web2', 'web1', 'web10']],
  ['migrate-vm/web1/2026-11-24', ['migrate-vm/web1/2026-11-24T10:00:00.000Z']],
  ['something-else', []],
])('%s', (unknown, expected) => {
  expect(nearNames(unknown, known)).toEqual(expected);
});

test('as the end of a sentence', () => {
  expect(didYouMean('db2', ['db1', 'web1'])).toBe('; did you mean db1?');
  expect(didYouMean('x'.repeat(20), known)).toBe('');
});
