import { expect, test } from 'vitest';
import type { ConfirmAttempt, VmRecord } from '../../model/vm-record.ts';
import { confirm } from './confirm.ts';
import { newVmRecord } from './decision.ts';
import { acquire, operationEnded } from './lease.ts';

const now = '2026-01-01T00:00:00.000Z';
const fresh = newVmRecord('web1', now);
const epoch = fresh.epoch + 1;
const holder = { workflowId: 'a', kind: 'migrateVm', rank: 'person' } as const;
const held = acquire(fresh, { claimant: holder }, now).record;
const move = { uuid: 'u', datacenter: 'berlin', from: 'host1', to: 'host2', wasPaused: true };

function ask(record: VmRecord, attempt: string, more: Partial<ConfirmAttempt> = {}) {
  return confirm(record, { workflowId: 'a', epoch, attempt, ...more });
}

test('each new attempt is counted once and makes the older ones stale for good', () => {
  const one = ask(held, '1');
  expect(one.answer).toEqual({ isCurrent: true, attempt: 1 });
  expect(ask(one.record, '1')).toEqual(one);
  const two = ask(one.record, '2');
  expect(two.answer).toEqual({ isCurrent: true, attempt: 2 });
  const stale = ask(two.record, '1', { move });
  expect(stale).toMatchObject({ record: two.record, answer: { isCurrent: false } });
  expect(stale.answer).toMatchObject({ reason: expect.stringMatching(/attempt 1 of a.*stale.*2/) });
  expect(ask(two.record, '2').answer).toEqual(two.answer);
});

test('an attempt that froze before its first question is older than the one that followed it', () => {
  const { record } = ask(held, '2', { scheduledAt: '2026-01-01T00:00:05.000Z' });
  const late = ask(record, '1', { scheduledAt: '2026-01-01T00:00:01.000Z' });
  expect(late).toMatchObject({ record, answer: { isCurrent: false } });
  const next = ask(record, '3', { scheduledAt: '2026-01-01T00:00:09.000Z' });
  expect(next.answer).toEqual({ isCurrent: true, attempt: 2 });
});

test('twenty attempts are remembered, and counted on', () => {
  let record = held;
  for (let n = 1; n <= 25; n++) record = ask(record, String(n)).record;
  expect(record.lease?.attempts).toHaveLength(20);
  expect(record.lease?.attempt).toBe(25);
  expect(ask(record, '6').answer).toMatchObject({ isCurrent: false });
});

test('a refusal names who holds the VM', () => {
  const reasonOf = (record: VmRecord, more: Partial<ConfirmAttempt>): string => {
    const { answer } = ask(record, '1', more);
    return answer.isCurrent ? 'none' : answer.reason;
  };
  expect(reasonOf(fresh, {})).toMatch(/a no longer holds web1.*nobody does/);
  expect(reasonOf(held, { workflowId: 'b' })).toContain(`a (migrateVm) does by lease ${epoch}, since ${now}`);
  expect(reasonOf(held, { epoch: epoch - 1 })).toContain(`by lease ${epoch}`);
  const moving = ask(held, '1', { move }).record;
  expect(reasonOf(operationEnded(moving, 'a', now).record, {})).toMatch(/web1 is in doubt: a has ended/);
});

test('an activity that begins again after a reset goes on with its notes, another one does not', () => {
  const moved = { ...move, activity: '5' };
  let { record } = ask(held, 'run1/5/1', { move: moved });
  record = ask(record, 'run1/5/1', { note: 'mayHaveQuit' }).record;
  const again = ask(record, 'run1/5/1', { move: moved });
  expect(again.answer).toMatchObject({ move: { ...moved, notes: ['mayHaveQuit'] } });
  expect(again.answer).not.toHaveProperty('move.beganAnew');
  const reset = ask(record, 'run2/5/1', { move: { ...moved, wasPaused: false } });
  expect(reset.answer).toMatchObject({
    move: { wasPaused: true, beganAnew: true, notes: ['mayHaveQuit'] },
  });
  const next = ask(reset.record, 'run2/9/1', { move: { ...moved, activity: '9' } });
  expect(next.answer).toMatchObject({ move: { activity: '9', notes: [] } });
  expect(next.answer).not.toHaveProperty('move.beganAnew');
});

test('notes are a set that belongs to a move, and begin anew with the next', () => {
  expect(ask(held, '1', { note: 'mayHaveQuit' })).toMatchObject({
    record: held,
    answer: { isCurrent: false },
  });
  const begun = ask(held, '1', { move });
  expect(begun.answer).toMatchObject({ move: { ...move, notes: [] } });
  let { record } = ask(begun.record, '1', { note: 'mayHaveQuit' });
  record = ask(record, '1', { note: 'targetIsLatest' }).record;
  const noted = ask(record, '2', { note: 'mayHaveQuit' });
  expect(noted.answer).toMatchObject({
    attempt: 2,
    move: { ...move, notes: ['mayHaveQuit', 'targetIsLatest'] },
  });
  const again = ask(noted.record, '2', { move: { ...move, to: 'host3' } });
  expect(again.answer).toMatchObject({ move: { to: 'host3', notes: [] } });
});
