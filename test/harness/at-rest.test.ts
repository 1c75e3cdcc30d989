/** Hosts that do not come to rest are told of, with what they are at. */
import { expect, test } from 'vitest';
import { ByHand } from '../../lab/simulated/by-hand.ts';
import { untilQuiet } from './at-rest.ts';

test('hosts of which nobody asks anything are at rest', async () => {
  expect(await untilQuiet(new ByHand().datacenter)).toBeUndefined();
});

test('a migration that does not end is no rest', async () => {
  const world = new ByHand();
  world.migrate('host2').done.catch(() => undefined);
  expect(await untilQuiet(world.datacenter, 300)).toContain('a migration of vm1 runs on host1');
});
