/** Moves that had no slots are told of. */
import { expect, test } from 'vitest';
import { ByHand } from '../../lab/simulated/by-hand.ts';
import { beyondSlots } from './slots.ts';

function moveAll(world: ByHand, vms: readonly string[]): void {
  for (const vm of vms) world.migrate('host2', { vm });
}

test('two leave a host at once, and a third is one too many for both ends', async () => {
  const world = new ByHand([{}, {}, {}]);
  moveAll(world, ['vm1', 'vm2']);
  await world.clock.advance(200);
  expect(beyondSlots(world.datacenter.journal.entries)).toEqual([]);
  moveAll(world, ['vm3']);
  await world.clock.advance(200);
  expect(beyondSlots(world.datacenter.journal.entries)).toEqual([
    'vm1, vm2, vm3 left host1 at once, which has 2 slots for that',
    'vm1, vm2, vm3 came to host2 at once, which has 2 slots for that',
  ]);
});

test('one after another may be as many as one likes', async () => {
  const world = new ByHand([{}, {}, {}]);
  for (const vm of ['vm1', 'vm2', 'vm3']) {
    moveAll(world, [vm]);
    await world.clock.advance(30_000);
  }
  expect(beyondSlots(world.datacenter.journal.entries)).toEqual([]);
});
