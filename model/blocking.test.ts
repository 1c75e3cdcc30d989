import { expect, test } from 'vitest';
import { nothingToDo } from './blocking.ts';
import type { Finding } from './migrate-vm.ts';

const noGain: Finding = { severity: 'warning', code: 'noGain', message: 'gains nothing' };

test('a move that gains nothing is needless where it was to help the VM, and a warning to a person', () => {
  expect(nothingToDo({ onlyIfStarved: true }, [noGain])).toBe(noGain);
  expect(nothingToDo({ onlyIfStarved: false }, [noGain])).toBeUndefined();
});
