import { expect, test } from 'vitest';
import { ChosenTargets } from './chosen-targets.ts';

const web1 = { host: 'host2', vm: 'web1', memoryMiB: 1024, cpuCores: 1 };

test('room is held until it is let go', () => {
  const targets = new ChosenTargets(() => 0);
  targets.hold(web1);
  expect(targets.reservations()).toEqual([{ ...web1, operation: 'migrateVm web1' }]);
  targets.letGo('web1');
  expect(targets.reservations()).toEqual([]);
});

test('a VM has one target, the one that was chosen last', () => {
  const targets = new ChosenTargets(() => 0);
  targets.hold(web1);
  targets.hold({ ...web1, host: 'host3' });
  expect(targets.reservations().map(({ host }) => host)).toEqual(['host3']);
});

test('room that nobody lets go is free after half a minute', () => {
  let nowMs = 0;
  const targets = new ChosenTargets(() => nowMs);
  targets.hold(web1);
  nowMs = 30_000;
  expect(targets.reservations()).toHaveLength(1);
  nowMs = 30_001;
  expect(targets.reservations()).toEqual([]);
});
