import { expect, test } from 'vitest';
import { compareNaturally } from './natural-order.ts';

test('numbers in names are counted', () => {
  expect(['host10', 'host2', 'db1', 'host1'].toSorted(compareNaturally)).toEqual([
    'db1',
    'host1',
    'host2',
    'host10',
  ]);
});
