import { expect, test } from 'vitest';
import type { Candidate, Placement } from '../../model/placement.ts';
import { answerText, placementText } from './placement-text.ts';

const roomy: Candidate = {
  host: 'host2',
  fits: true,
  filters: [
    {
      code: 'memoryShort',
      passed: true,
      reason: 'host2 has 4096 MiB free',
      measured: 4096,
      needed: 1024,
      unit: 'MiB',
    },
  ],
  score: 0.81234,
  scoreParts: [{ name: 'cpuRoom', value: 0.75, weight: 3, reason: '12 of 16 cores stay free' }],
};
const full: Candidate = {
  host: 'host3',
  fits: false,
  filters: [
    {
      code: 'memoryShort',
      passed: false,
      reason: 'host3 has 512 MiB free, web1 needs 1024',
      measured: 512,
      needed: 1024,
      unit: 'MiB',
    },
    { code: 'avoided', passed: false, reason: 'web1 avoids host3' },
  ],
  scoreParts: [],
};
const placement: Placement = {
  vm: 'web1',
  from: 'host1',
  chosen: 'host2',
  gain: 0.1234,
  reason: 'host2: the only host that fits',
  candidates: [roomy, full],
};

test('every filter with what was measured and needed, every part of the score', () => {
  expect(placementText(placement))
    .toBe(`web1 would go from host1 to host2: the only host that fits (score +0.123 against where it is)

host2: fits, chosen, score 0.812
  VERDICT  RULE         MEASURED  NEEDED    WHY
  ok       memoryShort  4096 MiB  1024 MiB  host2 has 4096 MiB free
  SCORE OF  VALUE  WEIGHT  WHY
  cpuRoom   0.750  3       12 of 16 cores stay free

host3: refused
  VERDICT  RULE         MEASURED  NEEDED    WHY
  NO       memoryShort  512 MiB   1024 MiB  host3 has 512 MiB free, web1 needs 1024
  NO       avoided                          web1 avoids host3`);
});

test('the host that was asked for comes first, with why not in one line', () => {
  const { chosen: _, gain: __, ...none } = placement;
  const text = placementText(none, 'host3');
  expect(text.split('\n')[0]).toBe(
    'why not host3: host3 has 512 MiB free, web1 needs 1024; web1 avoids host3. host2 would fit',
  );
  expect(text.indexOf('host3: refused')).toBeLessThan(text.indexOf('host2: fits'));
});

test('where none fits the planner says why, and hosts that are not shown are counted', () => {
  const none: Placement = {
    vm: 'web1',
    reason: 'no host fits web1: memoryShort on 40',
    candidates: [full],
    leftOut: { fitting: 0, refused: 39 },
  };
  expect(answerText(none)).toBe('no host fits web1: memoryShort on 40');
  expect(placementText(none)).toContain('not shown: 0 more hosts that fit, 39 more that are refused');
});
