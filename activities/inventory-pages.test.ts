import { expect, test } from 'vitest';
import type { InventoryHost, InventoryPart } from '../model/inventory.ts';
import { pageOf } from './inventory-pages.ts';

const listing = ['host1', 'host10', 'host2', 'host3'].map((name): InventoryHost => ({
  name,
  cluster: 'main',
  datacenter: 'berlin',
  failureDomains: {},
  answer: { reachable: false, reason: 'no answer' },
}));
const bytesOfOne = JSON.stringify(listing[1]).length;

/** The names on each page, asked for one after the other. */
function pages(mostBytes: number): string[][] {
  const found: string[][] = [];
  for (let part: InventoryPart | undefined = { datacenter: 'berlin' }; part;) {
    const page = pageOf(listing, part, mostBytes);
    found.push(page.hosts.map(({ name }) => name));
    part = page.more;
  }
  return found;
}

test('a listing that fits is one page', () => {
  expect(pages(1_000_000)).toEqual([['host1', 'host10', 'host2', 'host3']]);
});

test('pages hold what fits, and all of them together each host once', () => {
  expect(pages(2 * bytesOfOne)).toEqual([
    ['host1', 'host10'],
    ['host2', 'host3'],
  ]);
});

test('a host that is larger than a page has one of its own', () => {
  expect(pages(1)).toEqual([['host1'], ['host10'], ['host2'], ['host3']]);
});

test('the next page begins after the last name, whether or not that host is still listed', () => {
  const part = { datacenter: 'berlin', after: 'host1a' };
  expect(pageOf(listing, part, 1_000_000).hosts.map(({ name }) => name)).toEqual(['host2', 'host3']);
});
