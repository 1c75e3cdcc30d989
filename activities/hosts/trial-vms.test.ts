import { expect, test } from 'vitest';
import { isRehearsal } from './libvirt-rehearsal.ts';
import { isTrialLeftover, trialName } from './trial-vms.ts';

const minute = 60_000;
const now = Date.parse('2026-05-01T12:00:00Z');

test('a leftover is of the same examination, or old; what somebody else has made is never one', () => {
  const name = trialName('0123abcd', now);
  expect(isRehearsal(name)).toBe(true);
  expect(isTrialLeftover(name, '0123abcd', now)).toBe(true);
  expect(isTrialLeftover(name, 'ffffffff', now + 14 * minute)).toBe(false);
  expect(isTrialLeftover(name, 'ffffffff', now + 16 * minute)).toBe(true);
  expect(isTrialLeftover('drover-doctor-web', '0123abcd', now)).toBe(false);
  expect(isTrialLeftover('web1', '0123abcd', now)).toBe(false);
});
