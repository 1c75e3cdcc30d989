import { expect, test } from 'vitest';
import { changesOf } from './keep-listing.ts';
import type { Item } from './listing.ts';

const item = (id: string, looks: string): Item => ({ id, looks, data: {}, row: [id], labels: {} });
const before = new Map([item('web1', 'running'), item('web2', 'running')].map((one) => [one.id, one]));

test('what came, what is another than before, and what is gone; nothing of the rest', () => {
  const now = [item('web1', 'paused'), item('web3', 'running')];
  expect(changesOf(before, now).map(({ event, item: { id } }) => [event, id])).toEqual([
    ['changed', 'web1'],
    ['added', 'web3'],
    ['gone', 'web2'],
  ]);
  expect(changesOf(before, [...before.values()])).toEqual([]);
});
