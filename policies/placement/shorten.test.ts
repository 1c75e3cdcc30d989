import { expect, test } from 'vitest';
import type { Candidate, Placement } from '../../model/placement.ts';
import { shortened } from './shorten.ts';

function candidate(host: string, fits: boolean): Candidate {
  return { host, fits, filters: [], scoreParts: [] };
}

const placement: Placement = {
  vm: 'web1',
  from: 'host9',
  chosen: 'host3',
  reason: 'host3, as asked',
  candidates: [
    candidate('host1', true),
    candidate('host2', true),
    candidate('host3', true),
    candidate('host4', true),
    candidate('host5', false),
    candidate('host6', false),
    candidate('host7', false),
    candidate('host9', false),
  ],
};

test('a shortened placement keeps the best, the chosen, the present and the named host, and counts the rest', () => {
  const short = shortened(placement, { most: 1, asked: 'host6' });
  expect(short.candidates.map(({ host }) => host)).toEqual(['host1', 'host3', 'host5', 'host6', 'host9']);
  expect(short.leftOut).toEqual({ fitting: 2, refused: 1 });
  expect(short.reason).toBe(placement.reason);
});

test('a placement that is short enough stays as it is', () => {
  expect(shortened(placement)).toBe(placement);
});
