/** What an operation says of its end is held against the simulated world. */
import { expect, test } from 'vitest';
import { ByHand } from '../../lab/simulated/by-hand.ts';
import { falseAlarm, falseClaim, type Ending } from './endings.ts';

function ended(ending: string, more: Partial<Ending> = {}): Ending {
  return {
    workflow: 'migrateVm',
    workflowId: 'a',
    vm: 'vm1',
    ending,
    message: '',
    restartedFromDisk: false,
    ...more,
  };
}

test('a move is claimed rightly where the VM is at its target alone', () => {
  const { datacenter } = new ByHand();
  expect(falseClaim(ended('moved', { to: 'host2' }), datacenter, [])).toContain('moved to host2');
  expect(falseClaim(ended('moved', { to: 'host1' }), datacenter, [])).toBeUndefined();
});

test('a VM that some host has is not unknown, unless a host has lied about it', () => {
  const { datacenter } = new ByHand();
  expect(falseClaim(ended('failed: UnknownVm'), datacenter, ['hostFrozen'])).toBe(
    'it says that no host has vm1; it is running (booted) on host1',
  );
  expect(falseClaim(ended('failed: UnknownVm'), datacenter, ['answeredWrong'])).toBeUndefined();
  expect(falseClaim(ended('failed: UnknownVm', { vm: 'vm9' }), datacenter, [])).toBeUndefined();
});

test('there is something to do while a VM is starved on a host that is up', () => {
  const world = new ByHand([{ loadCores: 1 }], [{ cpus: 0.5 }, {}]);
  expect(falseClaim(ended('nothingToDo'), world.datacenter, [])).toContain('vm1 is starved');
  world.fault({ kind: 'freezeHost', host: 'host1' });
  expect(falseClaim(ended('nothingToDo'), world.datacenter, [])).toBeUndefined();
});

test('there is nothing to do for a VM that gets what it wants', () => {
  const { datacenter } = new ByHand([{ loadCores: 1 }]);
  expect(falseClaim(ended('nothingToDo'), datacenter, [])).toBeUndefined();
});

test('a person is called for nothing where one copy runs and nothing is left', () => {
  const world = new ByHand();
  const called = ended('failed: NeedsOperator');
  expect(falseAlarm(called, world.datacenter, [])).toContain('needs a person; it is running');
  expect(falseAlarm(called, world.datacenter, ['sourceCrashed'])).toBeUndefined();
  world.person('suspend');
  expect(falseAlarm(called, world.datacenter, [])).toBeUndefined();
});
