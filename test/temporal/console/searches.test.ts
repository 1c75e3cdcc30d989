/** Every search of docs/temporal-ui.md, on a real Temporal that has something to be found and something else. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createRecordActivities } from '../../../activities/records/create-record-activities.ts';
import { temporalRecords } from '../../../activities/records/temporal-records.ts';
import { uiLinks } from '../../../client/ui-links.ts';
import { hostRecordId, operationInputs, recordUpdates } from '../../../model/operations.ts';
import { foundWith, HeldMoves, terminated } from '../../workflows/held-moves.ts';
import { moved, startStandInWorker, type StandInWorker } from '../../workflows/stand-in-worker.ts';

const page = readFileSync(join(import.meta.dirname, '../../../docs/temporal-ui.md'), 'utf8');
const row = /^\| \[(?<name>[^\]]+)\]\((?<url>[^)]+)\).*\| `(?<code>[^`]+)` \|$/gm;
const rows = [...page.matchAll(row)].map(({ groups = {} }) => ({
  name: groups['name'] ?? '',
  url: groups['url'] ?? '',
  code: groups['code'] ?? '',
}));
const searches = rows.filter(({ url }) => url.includes('?query='));
const starts = rows.filter(({ url }) => url.includes('start-workflow?'));
const links = uiLinks({ uiUrl: 'http://127.0.0.1:8233', namespace: 'default' });

/** The names of the page are those of other tests as well. */
const own = (text: string): string =>
  text.replaceAll(/\b(web|host)(\d)\b/g, (_, kind, number) => `searched-${kind}${number}`);
const [web1, host1, host2, host3] = ['web1', 'host1', 'host2', 'host3'].map(own) as [
  string,
  string,
  string,
  string,
];
const other = 'searched-other1';
const began = new Date().toISOString();

let worker: StandInWorker;
/** What was made, by what it is called below. */
const made = new Map<string, string>();
const moves = new HeldMoves();
beforeAll(async () => {
  worker = await startStandInWorker(createRecordActivities());
  const records = temporalRecords(worker.temporal);
  const checkMigration = foundWith({ from: host1, to: host2 });
  worker.answerWith({
    checkMigration,
    moveVm: async (order) => {
      if (order.vm.name === other) return await moves.moveVm(order);
      if (order.vm.name === 'searched-doubt1') return { ...moved, outcome: 'inDoubt', reason: 'silence' };
      return moved;
    },
  });
  const start = async (called: string, vm: string, more = {}): Promise<void> => {
    const operation = await worker.drover.start('migrateVm', { vm, ...more });
    made.set(called, operation.workflowId);
    if (called !== 'running') await operation.result().catch(() => undefined);
  };
  const at = new Date().toISOString();
  for (const [vm, host] of [
    [web1, host1],
    [other, host2],
  ] as const)
    await records.see({ vm, seen: { uuid: 'u', host, state: 'running', stateReason: 'booted', at } });
  await start('moved', web1);
  await start('running', other);
  await moves.ordered(other);
  await start('needed', 'searched-doubt1');
  worker.answerWith({
    checkMigration: () =>
      Promise.reject(ApplicationFailure.create({ message: 'no', type: 'CheckFailed', nonRetryable: true })),
  });
  await start('failed', web1);
  // Where web1 is seen last; the move has noted its target.
  await records.see({
    vm: web1,
    seen: { uuid: 'u', host: host1, state: 'running', stateReason: 'booted', at: new Date().toISOString() },
  });
  const by = { workflowId: 'searched', kind: 'test', rank: 'person' } as const;
  await records.reserve({ host: host3, operation: by, vm: other, memoryMiB: 1, cpuCores: 1 });
  await worker.temporal.workflow
    .getHandle(hostRecordId(host3))
    .executeUpdate(recordUpdates.setState, { args: [{ host: host3, state: 'maintenance', by }] });
});
afterAll(async () => {
  moves.end(other);
  await terminated(worker, [worker.drover.operation(made.get('running') ?? '')]);
  await worker?.[Symbol.asyncDispose]();
});

async function found(query: string): Promise<string[]> {
  const ids: string[] = [];
  for await (const { workflowId } of worker.temporal.workflow.list({ query })) ids.push(workflowId);
  return ids;
}
const operations = ['moved', 'running', 'needed', 'failed'] as const;
const all = () => [
  ...operations.map((called) => made.get(called) ?? ''),
  ...[web1, other, 'searched-doubt1'].map((vm) => `vm/${vm}`),
  ...[host1, host2, host3].map((host) => `host/${host}`),
];

/** Of all that was made, what each search finds. */
const wanted: Readonly<Record<string, readonly string[]>> = {
  'all VMs of host1': [`vm/${web1}`],
  'everything that waits for me': ['vm/searched-doubt1'],
  'operations that needed a person': ['needed'],
  'what moved today': ['moved'],
  'operations on web1': ['moved', 'failed'],
  'hosts that are not active': [`host/${host3}`],
  'running moves': ['running'],
  'moves to host2': ['moved'],
  'failed in the last hour': ['needed', 'failed'],
  'VMs that an operation acts on': [`vm/${other}`],
};

test('every search is tried, and its link has it', () => {
  expect(searches.map(({ name }) => name).toSorted()).toEqual(Object.keys(wanted).toSorted());
  for (const { url, code } of searches) expect(url).toBe(links?.search(code));
});

test.each(searches)('$name', async ({ name, code }) => {
  const query = own(code).replace(/\d{4}-\d\d-\d\dT[\d:]+Z/, began);
  const ids = (wanted[name] ?? []).map((called) => made.get(called) ?? called);
  await vi.waitFor(
    async () => {
      const mine = (await found(query)).filter((id) => all().includes(id));
      expect(mine.toSorted()).toEqual(ids.toSorted());
    },
    { timeout: 20_000, interval: 200 },
  );
});

test('each example of an input is one, and its link names the operation', () => {
  const known = starts.filter(({ name }) => name in operationInputs);
  expect(new Set(known.map(({ name }) => name))).toEqual(new Set(Object.keys(operationInputs)));
  for (const { name, url, code } of known) {
    const operation = name as keyof typeof operationInputs;
    expect(url).toBe(links?.start(operation));
    expect(operationInputs[operation].safeParse(JSON.parse(code))).toMatchObject({ success: true });
  }
});
