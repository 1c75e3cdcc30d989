/** What `migrateVm` tries where the VM has stayed: another host, the same once more, or nothing. */
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { CheckMigrationRequest } from '../../activities/check-migration.ts';
import type { MoveVmReport, MoveVmRequest } from '../../activities/move-vm.ts';
import type { Finding } from '../../model/migrate-vm.ts';
import { failureOf } from './failure-of.ts';
import { foundWith, stayed } from './held-moves.ts';
import { moved, startStandInWorker, type StandInWorker } from './stand-in-worker.ts';

let worker: StandInWorker;
beforeAll(async () => {
  worker = await startStandInWorker();
});
afterAll(() => worker?.[Symbol.asyncDispose]());

let tests = 0;
let vm: string;
let source: string;
/** Hosts in the order in which they are chosen, and why each refuses the VM; one that does not takes it. */
let targets: { readonly host: string; readonly refusal?: Partial<MoveVmReport> }[];
let checks: CheckMigrationRequest[];
let orders: MoveVmRequest[];
/** What a rehearsal finds. */
let lacks: Finding[];
beforeEach(() => {
  vm = `aimed${++tests}`;
  source = `${vm}-source`;
  targets = [];
  checks = [];
  orders = [];
  lacks = [];
  worker.answerWith({
    checkMigration: (request) => {
      checks.push(request);
      const isOpen = (host: string): boolean => !request.passOver?.some((failed) => failed.host === host);
      const to = request.to ?? targets.find(({ host }) => isOpen(host))?.host;
      const findings = request.rehearse ? lacks : [];
      return foundWith({ from: source, findings, ...(to === undefined ? {} : { to }) })(request);
    },
    moveVm: async (order) => {
      orders.push(order);
      const refusal = targets.find(({ host }) => host === order.to)?.refusal;
      return refusal ? { ...stayed(order), ...refusal } : moved;
    },
  });
});

const host = (number: number): string => `${vm}-target${number}`;
const isTargets = (cause: string): Partial<MoveVmReport> => ({ fault: 'target', cause });
const tried = (): string[] => orders.map(({ to }) => to);

/** Nothing may stay held on a host that has refused the VM. */
async function heldOn(names: readonly string[]): Promise<unknown[]> {
  const records = await Promise.all(names.map((name) => worker.drover.hostRecord(name)));
  return records.flatMap((record) => [
    ...(record?.reservations ?? []),
    ...(record?.slots.in ?? []),
    ...(record?.slots.out ?? []),
  ]);
}

test('a host that fails to take the VM is passed over, and the next takes it', async () => {
  targets = [{ host: host(1), refusal: isTargets('no disk there') }, { host: host(2) }];
  const operation = await worker.drover.start('migrateVm', { vm });
  expect(await operation.result()).toMatchObject({ outcome: 'moved', to: host(2) });
  expect(tried()).toEqual([host(1), host(2)]);
  expect(checks.map(({ passOver }) => passOver)).toEqual([
    undefined,
    [{ host: host(1), reason: 'no disk there' }],
  ]);
  expect(await heldOn([source, host(1), host(2)])).toEqual([]);
});

test('three hosts are tried and no more; the last says why', async () => {
  targets = [1, 2, 3, 4].map((number) => ({
    host: host(number),
    refusal: isTargets(`no disk on ${number}`),
  }));
  const failure = await failureOf(await worker.drover.start('migrateVm', { vm }));
  expect(failure.type).toBe('MigrationAborted');
  expect(failure.message).toContain('no disk on 3');
  expect(tried()).toEqual([host(1), host(2), host(3)]);
  expect(checks.at(-1)?.passOver?.map((failed) => failed.host)).toEqual([host(1), host(2)]);
  expect(await heldOn([source, host(1), host(2), host(3)])).toEqual([]);
});

test('a host that was named and fails is looked at with a rehearsal, and all that it lacks is told', async () => {
  targets = [{ host: host(1), refusal: isTargets('no disk there') }, { host: host(2) }];
  lacks = [
    { severity: 'error', code: 'diskUnreachable', message: 'it can’t open sda' },
    { severity: 'error', code: 'networkMissing', message: 'it has no br1' },
  ];
  const failure = await failureOf(await worker.drover.start('migrateVm', { vm, to: host(1) }));
  expect(failure.type).toBe('CheckFailed');
  expect(failure.message).toMatch(/can’t open sda.*no br1/);
  expect(tried()).toEqual([host(1)]);
  expect(checks.map(({ rehearse }) => rehearse)).toEqual([false, true]);
  expect(await heldOn([source, host(1)])).toEqual([]);
});

test('where the rehearsal finds nothing, the host that was named is tried once more, and no other', async () => {
  targets = [{ host: host(1), refusal: isTargets('the disk was lost') }, { host: host(2) }];
  const failure = await failureOf(await worker.drover.start('migrateVm', { vm, to: host(1) }));
  expect(failure.type).toBe('MigrationAborted');
  expect(failure.message).toContain('the disk was lost');
  expect(tried()).toEqual([host(1), host(1)]);
  expect(checks.map(({ rehearse }) => rehearse)).toEqual([false, true]);
});

test('what passes by itself is tried once more', async () => {
  targets = [{ host: host(1) }];
  let failures = 1;
  const passing = { fault: 'passing', cause: 'the connection was lost' } as const;
  worker.answerWith({
    checkMigration: foundWith({ from: source, to: host(1) }),
    moveVm: async (order) => {
      orders.push(order);
      return failures-- > 0 ? { ...stayed(order), ...passing } : moved;
    },
  });
  const first = await worker.drover.start('migrateVm', { vm });
  expect(await first.result()).toMatchObject({ outcome: 'moved' });
  expect(tried()).toEqual([host(1), host(1)]);

  failures = 3;
  const failure = await failureOf(await worker.drover.start('migrateVm', { vm }));
  expect(failure.type).toBe('MigrationAborted');
  expect(orders).toHaveLength(4);
});

test.each([undefined, 'vm'] as const)('nothing else is tried where the fault is %s', async (fault) => {
  const refusal = { cause: 'too slow', ...(fault ? { fault } : {}) };
  targets = [{ host: host(1), refusal }, { host: host(2) }];
  const failure = await failureOf(await worker.drover.start('migrateVm', { vm }));
  expect(failure).toMatchObject({ type: 'MigrationAborted' });
  expect(tried()).toEqual([host(1)]);
});

test('a move that fails for good is ended, and ends by what both hosts say', async () => {
  let isAt: 'source' | 'target' = 'source';
  worker.answerWith({
    checkMigration: foundWith({ from: source, to: host(1) }),
    moveVm: async (order) => {
      orders.push(order);
      if (!order.endNow)
        throw ApplicationFailure.nonRetryable('these settings name no such host', 'UnknownHost');
      return isAt === 'target' ? moved : stayed(order);
    },
  });
  const failure = await failureOf(await worker.drover.start('migrateVm', { vm }));
  expect(failure).toMatchObject({ type: 'MigrationAborted' });
  expect(failure.message).toMatch(/runs on aimed.*-source.*these settings name no such host/);
  isAt = 'target';
  const second = await worker.drover.start('migrateVm', { vm });
  expect(await second.result()).toMatchObject({ outcome: 'moved' });
  expect(orders.map(({ endNow }) => endNow ?? false)).toEqual([false, true, false, true]);
});

test('a move of a VM that is somebody else’s changes nothing, and is not ended', async () => {
  worker.answerWith({
    checkMigration: foundWith({ from: source, to: host(1) }),
    moveVm: async (order) => {
      orders.push(order);
      throw ApplicationFailure.nonRetryable(`${vm} is being migrated by somebody else`, 'VmBusy');
    },
  });
  const failure = await failureOf(await worker.drover.start('migrateVm', { vm }));
  expect(failure).toMatchObject({ type: 'VmBusy' });
  expect(orders).toHaveLength(1);
  expect((await worker.drover.vmRecord(vm))?.lease).toBeUndefined();
});
