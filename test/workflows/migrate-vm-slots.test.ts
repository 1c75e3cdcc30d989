/** `migrateVm` with real records of hosts: of more moves than slots the excess waits, and nothing stays held. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { OperationCanceled } from '../../client/errors.ts';
import type { Operation } from '../../client/operation.ts';
import type { MigrateVmResult } from '../../model/migrate-vm.ts';
import { foundWith, HeldMoves, terminated, untilWaiting } from './held-moves.ts';
import { startStandInWorker, until, type StandInWorker } from './stand-in-worker.ts';

let worker: StandInWorker;
beforeAll(async () => {
  worker = await startStandInWorker();
});
afterAll(() => worker?.[Symbol.asyncDispose]());

/** Each test has VMs and two hosts of its own. */
let tests = 0;
let names: readonly [string, string, string];
let hosts: { readonly from: string; readonly to: string };
let moves: HeldMoves;
let started: Operation<MigrateVmResult>[];
beforeEach(() => {
  const own = `slotted${++tests}`;
  names = [`${own}-a`, `${own}-b`, `${own}-c`];
  hosts = { from: `${own}-source`, to: `${own}-target` };
  moves = new HeldMoves();
  started = [];
});
// Those that a test has left, because it failed.
afterEach(() => terminated(worker, started));

/** Begins a move of each; the first that has its slots goes on, and the others wait. */
async function migrateAll(vms: readonly string[]): Promise<{
  readonly moving: Operation<MigrateVmResult>;
  readonly waiting: readonly Operation<MigrateVmResult>[];
}> {
  for (const vm of vms) started.push(await worker.drover.start('migrateVm', { vm }));
  const holder = await until('a move', async () => moves.orders[0]?.lease.workflowId);
  const moving = started.find(({ workflowId }) => workflowId === holder);
  if (!moving) throw new Error(`${holder} is none of this test`);
  return { moving, waiting: started.filter((operation) => operation !== moving) };
}

test('of more moves than slots the excess waits, says for what, and comes to its end too', async () => {
  worker.answerWith({
    moveVm: moves.moveVm,
    checkMigration: foundWith({ ...hosts, slots: { out: 1, in: 2 } }),
  });
  const { moving, waiting } = await migrateAll(names);
  for (const operation of waiting)
    await untilWaiting(
      operation,
      new RegExp(`slot \\(out\\) of ${hosts.from}, held by ${moving.workflowId}$`),
    );
  expect(moves.orders).toHaveLength(1);
  for (const name of names) moves.end(name);
  const results = await Promise.all(started.map((operation) => operation.result()));
  expect(results.map(({ outcome }) => outcome)).toEqual(['moved', 'moved', 'moved']);
});

test('a target takes as many as it has slots for, from whichever host they come', async () => {
  worker.answerWith({
    moveVm: moves.moveVm,
    checkMigration: (request) =>
      foundWith({ from: `${request.vm}-source`, to: hosts.to, slots: { out: 2, in: 1 } })(request),
  });
  const { moving, waiting } = await migrateAll(names);
  for (const operation of waiting)
    await untilWaiting(operation, new RegExp(`slot \\(in\\) of ${hosts.to}, held by ${moving.workflowId}$`));
  expect(moves.orders).toHaveLength(1);
  for (const name of names) moves.end(name);
  await Promise.all(started.map((operation) => operation.result()));
});

test('canceled while it waits for a slot, it leaves nothing held: no lease, no room, no slot', async () => {
  worker.answerWith({
    moveVm: moves.moveVm,
    checkMigration: foundWith({ ...hosts, slots: { out: 2, in: 1 } }),
  });
  const { moving, waiting } = await migrateAll(names.slice(0, 2));
  const [canceled] = waiting;
  if (!canceled) throw new Error('two were begun');
  await untilWaiting(canceled, /slot/);
  expect(await heldBy(canceled)).toEqual(['lease', 'out', 'room', 'waiting']);
  await canceled.cancel();
  await expect(canceled.result()).rejects.toBeInstanceOf(OperationCanceled);
  expect(await heldBy(canceled)).toEqual([]);
  for (const name of names) moves.end(name);
  expect(await moving.result()).toMatchObject({ outcome: 'moved' });
  expect(await heldBy(moving)).toEqual([]);
});

/** What the records of this test's VMs and hosts say that an operation has. */
async function heldBy({ workflowId }: Operation): Promise<string[]> {
  const leases = await Promise.all(names.map((name) => worker.drover.vmRecord(name)));
  const records = await Promise.all([hosts.from, hosts.to].map((host) => worker.drover.hostRecord(host)));
  return [
    ...leases.flatMap((record) => (record?.lease?.holder.workflowId === workflowId ? ['lease'] : [])),
    ...records.flatMap((record) =>
      Object.entries({ room: record?.reservations, ...record?.slots, waiting: record?.waiting.in })
        .filter(([, held]) => held?.some(({ operation }) => operation.workflowId === workflowId))
        .map(([what]) => what),
    ),
  ];
}
