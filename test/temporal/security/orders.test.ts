/** The worker's log against what the hosts themselves were asked: every order has one line, with its operation. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { secretNetwork, Site } from './site.ts';

const OrderLine = z.object({
  operation: z.string(),
  workflow: z.string(),
  activity: z.string(),
  attempt: z.int(),
  order: z.string(),
  host: z.string(),
  vm: z.string(),
  epoch: z.int().optional(),
  with: z.record(z.string(), z.unknown()).optional(),
  result: z.string(),
  ms: z.number(),
});
type OrderLine = z.infer<typeof OrderLine>;

function ordersIn(site: Site): OrderLine[] {
  const lines = readFileSync(join(site.folder, 'state', 'log', 'worker.log'), 'utf8')
    .trim()
    .split('\n');
  return lines
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => 'order' in line)
    .map((line) => OrderLine.parse(line));
}

/** Calls by which a host is changed, as the hosts count them. */
const changing =
  /^(rehearse|migrate|setMaxDowntime|abortMigration|define|undefine|markEpoch|start|shutDown|destroy|suspend|resume|quit)$/;

test('every order has exactly one line, with its operation, its attempt and what came of it', async () => {
  await using site = await Site.open();
  const { drover } = await site.up();
  const moved = await drover.start('migrateVm', { vm: 'web1', to: 'host2' });
  expect(await moved.result()).toMatchObject({ outcome: 'moved' });
  const refused = await drover.start('migrateVm', { vm: 'web2', to: 'host2' });
  await expect(refused.result()).rejects.toThrow(secretNetwork);
  // A host that says no in the middle of a move.
  site.simulation.traps.set({
    id: 'locked',
    place: { kind: 'call', call: 'markEpoch', host: 'host2', nth: 1, phase: 'before' },
    action: { kind: 'refuse', message: 'the metadata is locked' },
  });
  const again = await drover.start('migrateVm', { vm: 'web1', to: 'host1' });
  await again.result().catch(() => undefined);
  await site.down();

  const orders = ordersIn(site);
  const asked = site.simulation.datacenter.journal.entries.flatMap((entry) =>
    entry.kind === 'call' && entry.outcome === 'asked' && changing.test(entry.call)
      ? [`${entry.call} ${entry.host}`]
      : [],
  );
  expect(orders.map(({ order, host }) => `${order} ${host}`).toSorted()).toEqual(asked.toSorted());
  const ofFirst = orders.filter(({ operation }) => operation === moved.workflowId);
  // Told to quit, the source may have ended by itself already.
  expect(ofFirst.map(({ order, host, result }) => [order, host, result].join(' ')).join('\n')).toMatch(
    /^markEpoch host1 done\n(?:.*\n)*quit host1 (?:done|refused)\n(?:.*\n)*resume host2 done$/m,
  );
  const marked = ofFirst.find(({ order }) => order === 'markEpoch');
  for (const line of ofFirst.filter(({ activity }) => activity === 'moveVm'))
    expect(line).toMatchObject({ workflow: 'migrateVm', attempt: 1, epoch: marked?.with?.['epoch'] });
  expect(orders.filter(({ result }) => result === 'refused').map(({ order }) => order)).toContain(
    'markEpoch',
  );
}, 120_000);
