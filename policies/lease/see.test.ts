import { expect, test } from 'vitest';
import type { VmRecord, VmSeen } from '../../model/vm-record.ts';
import { newVmRecord } from './decision.ts';
import { acquire, release } from './lease.ts';
import { see } from './see.ts';

const fresh = newVmRecord('web1', '2026-01-01T00:00:00.000Z');
const claimant = { workflowId: 'a', kind: 'migrateVm', rank: 'person' } as const;

/** At so many minutes past midnight. */
function at(minutes: number): string {
  return new Date(Date.UTC(2026, 0, 1, 0, minutes)).toISOString();
}

function sight(minutes: number, state = 'running', stateReason = 'booted', host = 'host1'): VmSeen {
  return { uuid: 'u', host, state, stateReason, at: at(minutes) };
}

function seenAs(record: VmRecord, ...sights: VmSeen[]): VmRecord {
  return sights.reduce((before, seen) => see(before, { seen }).record, record);
}

const running = seenAs(fresh, sight(1));

test('a VM that was seen running should run, with the definition as last seen', () => {
  const { record } = see(fresh, { seen: sight(1), xml: '<domain/>' });
  expect(record).toMatchObject({
    seen: sight(1),
    shouldRun: true,
    definition: { xml: '<domain/>', at: at(1) },
  });
  expect(seenAs(record, sight(2)).definition).toEqual({ xml: '<domain/>', at: at(1) });
});

test('an older sight that comes late changes nothing', () => {
  expect(seenAs(running, sight(0, 'off', 'destroyed'))).toEqual(running);
});

test.each(['shutdown', 'destroyed'])('one that was ended by somebody (%s) should not run any more', (why) => {
  expect(seenAs(running, sight(2, 'off', why)).shouldRun).toBe(false);
  expect(seenAs(running, sight(2, 'off', why), sight(3)).shouldRun).toBe(true);
});

test.each([
  ['off', 'crashed'],
  ['off', 'failed'],
  ['off', 'migrated'],
  ['crashed', 'unknown'],
  ['paused', 'I/O error'],
  ['shuttingDown', 'user'],
])('one that is %s (%s) still should', (state, why) => {
  const record = seenAs(running, sight(2, state, why));
  expect(record).toMatchObject({ shouldRun: true, seen: { state } });
});

test('one that was never seen running is not to be started', () => {
  expect(seenAs(fresh, sight(1, 'off', 'shutdown'))).not.toHaveProperty('shouldRun');
});

test('what is off while an operation holds the VM, or held it then, was ended by that operation', () => {
  const { record, answer } = acquire(running, { claimant }, at(2));
  if (answer.kind !== 'granted') throw new Error('it was free');
  expect(seenAs(record, sight(3, 'off', 'shutdown')).shouldRun).toBe(true);
  const freed = release(record, { workflowId: 'a', outcome: 'stayed', message: '' }, at(5)).record;
  expect(seenAs(freed, sight(4, 'off', 'shutdown')).shouldRun).toBe(true);
  expect(seenAs(freed, sight(6, 'off', 'shutdown')).shouldRun).toBe(false);
});

test('what a move has left at its source says nothing of the VM', () => {
  const moved = seenAs(running, sight(2, 'running', 'migrated', 'host2'));
  expect(seenAs(moved, sight(3, 'off', 'shutdown', 'host1'))).toEqual(moved);
  expect(seenAs(moved, sight(3, 'off', 'shutdown', 'host2')).shouldRun).toBe(false);
});
