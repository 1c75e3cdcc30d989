import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HostRecord, SlotDirection } from '../../model/host-record.ts';
import { ranks, type Rank } from '../../model/ranks.ts';
import type { Claimant } from '../../model/vm-record.ts';
import { holdingsAt, letGo, newHostRecord, reserve, setState, takeSlot, type Decision } from './host-room.ts';

const now = '2026-01-01T00:00:00.000Z';
const later = '2026-01-01T00:01:00.000Z';
const fresh = newHostRecord('host1', now);

function claimant(workflowId: string, rank: Rank = 'person'): Claimant {
  return { workflowId, kind: 'migrateVm', rank };
}

function room(operation: string, vm: string, memoryMiB = 1024) {
  return { host: 'host1', operation: claimant(operation), vm, memoryMiB, cpuCores: 1 };
}

function slot(operation: string, { rank = 'person', direction = 'in', most = 1 } = {}) {
  const way = direction as SlotDirection;
  return {
    host: 'host1',
    operation: claimant(operation, rank as Rank),
    vm: `vm-${operation}`,
    direction: way,
    most,
  };
}

const operationsAt = (record: HostRecord): string[] => holdingsAt(record).map(({ workflowId }) => workflowId);
const namesOf = (held: readonly { readonly operation: Claimant }[]): string[] =>
  held.map(({ operation }) => operation.workflowId);

describe('room', () => {
  test('of two that reserve, the later one is told of the earlier', () => {
    const first = reserve(fresh, room('a', 'web1'), now);
    expect(first.answer).toEqual({ kind: 'reserved', earlier: [] });
    const second = reserve(first.record, room('b', 'web2'), later);
    expect(second.answer).toMatchObject({ earlier: [{ vm: 'web1', memoryMiB: 1024, since: now }] });
    // Asking again, the earlier one is still the earlier one.
    expect(reserve(second.record, room('a', 'web1'), later)).toEqual({ ...first, record: second.record });
  });

  test('whoever needs another amount counts as the latest', () => {
    const { record } = reserve(reserve(fresh, room('a', 'web1'), now).record, room('b', 'web2'), now);
    const grown = reserve(record, room('a', 'web1', 2048), later);
    expect(grown.answer).toMatchObject({ kind: 'reserved', earlier: [{ vm: 'web2' }] });
    expect(grown.record.reservations).toMatchObject([{ vm: 'web2' }, { vm: 'web1', memoryMiB: 2048 }]);
  });

  test('a closed host says who closed it, and holds nothing for the asker but all for the others', () => {
    const { record } = reserve(reserve(fresh, room('a', 'web1'), now).record, room('b', 'web2'), now);
    const by = { ...claimant('maintenance', 'maintenance'), reason: 'new fans' };
    const closed = setState(record, { state: 'maintenance', by }, later).record;
    expect(closed.reservations).toHaveLength(2);
    const refused = reserve(closed, room('a', 'web1'), later);
    expect(refused.answer).toEqual({ kind: 'closed', state: 'maintenance', since: later, by });
    expect(namesOf(refused.record.reservations)).toEqual(['b']);
    const open = setState(refused.record, { state: 'active', by }, later).record;
    expect(reserve(open, room('a', 'web1'), later).answer).toMatchObject({ kind: 'reserved' });
  });
});

describe('a host that an operation has closed', () => {
  const of = (name: string) => ({ ...claimant(name, 'maintenance'), kind: 'maintainHosts' });
  const close = (record: HostRecord, name: string, takeOver?: string) =>
    setState(record, { state: 'maintenance', by: of(name), ...(takeOver ? { takeOver } : {}) }, later);

  test('is that operation’s: another neither closes nor opens it, and is told whose it is', () => {
    const { record } = close(fresh, 'a');
    const held = { kind: 'held', state: 'maintenance', since: later, by: of('a') };
    expect(close(record, 'b')).toEqual({ record, answer: held, granted: [] });
    expect(setState(record, { state: 'active', by: of('b') }, later).answer).toEqual(held);
    expect(close(record, 'a')).toEqual({ record, answer: { kind: 'set' }, granted: [] });
    const open = setState(record, { state: 'active', by: of('a') }, later).record;
    expect(close(open, 'b').answer).toEqual({ kind: 'set' });
  });

  test('is taken over from an operation that has ended, but not from another', () => {
    const { record } = close(fresh, 'a');
    expect(close(record, 'b', 'c').answer).toMatchObject({ kind: 'held' });
    expect(close(record, 'b', 'a').record).toMatchObject({ state: 'maintenance', stateBy: of('b') });
  });

  test('since it was found dead is not taken over', () => {
    const { record } = setState(fresh, { state: 'fenced', by: of('failover') }, now);
    expect(close(record, 'b', 'failover').answer).toMatchObject({ kind: 'held', state: 'fenced' });
  });
});

describe('an attempt that froze lets go late', () => {
  const latest = '2026-01-01T00:02:00.000Z';

  test('of what its operation held when it decided so, not of what it was given since', () => {
    const before = takeSlot(reserve(fresh, room('a', 'web1'), now).record, slot('a'), now).record;
    const freed = letGo(before, { workflowId: 'a', asOf: later }).record;
    expect(operationsAt(freed)).toEqual([]);
    const anew = takeSlot(reserve(freed, room('a', 'web1'), latest).record, slot('a'), latest).record;
    expect(letGo(anew, { workflowId: 'a', asOf: later }).record).toEqual(anew);
    expect(operationsAt(letGo(anew, { workflowId: 'a', asOf: latest }).record)).toEqual([]);
  });

  test('of the room that its own check was the last to ask for', () => {
    const first = reserve(fresh, { ...room('a', 'web1'), check: '1' }, now);
    const second = reserve(first.record, { ...room('a', 'web1'), check: '2' }, later);
    expect(second.answer).toEqual(first.answer);
    expect(letGo(second.record, { workflowId: 'a', roomOf: '1' }).record).toEqual(second.record);
    expect(operationsAt(letGo(second.record, { workflowId: 'a', roomOf: '2' }).record)).toEqual([]);
  });
});

describe('slots', () => {
  test('are for as many as there are, the rest wait by rank, then by time', () => {
    let record = takeSlot(fresh, slot('a'), now).record;
    for (const [name, rank] of [
      ['b', 'balance'],
      ['c', 'person'],
      ['d', 'failover'],
      ['e', 'person'],
    ] as const) {
      record = takeSlot(record, slot(name, { rank }), now).record;
    }
    expect(namesOf(record.slots.in)).toEqual(['a']);
    expect(namesOf(record.waiting.in)).toEqual(['d', 'c', 'e', 'b']);
    expect(takeSlot(record, slot('e'), now).answer).toMatchObject({ kind: 'queued', place: 3 });
    expect(takeSlot(record, slot('f', { direction: 'out' }), now).answer).toEqual({ kind: 'granted' });
    const freed = letGo(record, { workflowId: 'a' });
    expect(freed.granted).toEqual([{ workflowId: 'd', vm: 'vm-d', direction: 'in' }]);
    expect(namesOf(freed.record.waiting.in)).toEqual(['c', 'e', 'b']);
  });

  test('stay when only the room is let go', () => {
    const reserved = reserve(fresh, { ...room('a', 'web1'), check: '1' }, now).record;
    const held = takeSlot(reserved, slot('a'), now).record;
    const { record, granted } = letGo(held, { workflowId: 'a', roomOf: '1' });
    expect(record.reservations).toEqual([]);
    expect(namesOf(record.slots.in)).toEqual(['a']);
    expect(granted).toEqual([]);
  });

  test('more of them, by new settings, are given to those that wait, and fewer end no move', () => {
    let record = fresh;
    for (const name of ['a', 'b', 'c', 'd']) record = takeSlot(record, slot(name, { most: 2 }), now).record;
    const more = takeSlot(record, slot('e', { most: 4 }), now);
    expect(more.answer).toMatchObject({ kind: 'queued', place: 1 });
    expect(more.granted.map(({ workflowId }) => workflowId)).toEqual(['c', 'd']);
    const fewer = takeSlot(more.record, slot('f', { most: 1 }), now);
    expect(namesOf(fewer.record.slots.in)).toEqual(['a', 'b', 'c', 'd']);
    expect(letGo(fewer.record, { workflowId: 'a' }).granted).toEqual([]);
  });
});

/** Requests as they come from operations, workers and people, in any order. */
type Request = (record: HostRecord) => Decision<unknown>;
/** Who lets go of all by a request. */
const leavingBy = new WeakMap<Request, string>();
const operation = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
const rankOf = (name: string): Rank => ranks['abcdef'.indexOf(name) % ranks.length] ?? 'person';
const aRequest = (most: fc.Arbitrary<number>): fc.Arbitrary<Request> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.tuple(operation, fc.constantFrom('in', 'out'), most).map(takingSlot) },
    { weight: 2, arbitrary: fc.tuple(operation, fc.constantFrom('web1', 'web2')).map(reserving) },
    { weight: 2, arbitrary: fc.tuple(operation, fc.boolean()).map(lettingGo) },
    { weight: 1, arbitrary: fc.constantFrom<HostRecord['state']>('active', 'fenced').map(settingState) },
  );
const takingSlot =
  ([name, direction, most]: [string, string, number]): Request =>
  (record) =>
    takeSlot(record, slot(name, { rank: rankOf(name), direction, most }), later);
const reserving =
  ([name, vm]: [string, string]): Request =>
  (record) =>
    reserve(record, { ...room(name, vm), check: '1' }, later);
const lettingGo = ([workflowId, roomOnly]: [string, boolean]): Request => {
  const request: Request = (record) => letGo(record, { workflowId, ...(roomOnly ? { roomOf: '1' } : {}) });
  if (!roomOnly) leavingBy.set(request, workflowId);
  return request;
};
const settingState =
  (state: HostRecord['state']): Request =>
  (record) =>
    setState(record, { state, by: claimant('maintenance') }, later);

const directions = ['in', 'out'] as const;

function check(steps: fc.Arbitrary<Request[]>, holds: (steps: Request[]) => void): void {
  fc.assert(fc.property(steps, holds), { numRuns: 500 });
}
const anyRequests = fc.array(aRequest(fc.integer({ min: 1, max: 3 })), { maxLength: 40 });

describe('whatever is asked', () => {
  test('a host never has more slots taken than there are', () => {
    check(fc.array(aRequest(fc.constant(2)), { maxLength: 40 }), (steps) => {
      let record = fresh;
      for (const step of steps) {
        record = step(record).record;
        for (const way of directions) expect(record.slots[way].length).toBeLessThanOrEqual(2);
      }
    });
  });

  test('nobody waits while a slot is free, and those that wait stand by rank', () => {
    check(anyRequests, (steps) => {
      let record = fresh;
      for (const step of steps) {
        record = step(record).record;
        for (const way of directions) {
          const waiting = record.waiting[way];
          const free = Math.max(0, record.slotsOf[way] - record.slots[way].length);
          expect(Math.min(free, waiting.length)).toBe(0);
          const places = waiting.map(({ operation: { rank } }) => -ranks.indexOf(rank));
          expect(places).toEqual(places.toSorted((a, b) => a - b));
        }
      }
    });
  });

  test('no waiter is lost: it waits until it is told, unless it lets go itself', () => {
    check(anyRequests, (steps) => {
      let record = fresh;
      for (const step of steps) {
        const { record: after, granted } = step(record);
        for (const way of directions) {
          const told = granted.filter(({ direction }) => direction === way);
          const left = namesOf(record.waiting[way]).filter(
            (name) => !namesOf(after.waiting[way]).includes(name),
          );
          for (const name of left.filter((other) => other !== leavingBy.get(step))) {
            expect(namesOf(after.slots[way])).toContain(name);
            expect(told.map(({ workflowId }) => workflowId)).toContain(name);
          }
        }
        record = after;
      }
    });
  });

  test('all others get their slots when each that has one lets go in turn', () => {
    check(anyRequests, (steps) => {
      let record = steps.reduce((so, step) => step(so).record, fresh);
      for (const name of operationsAt(record)) {
        const { record: after } = letGo(record, { workflowId: name });
        expect(operationsAt(after)).toEqual(operationsAt(record).filter((other) => other !== name));
        record = after;
      }
      expect(record).toMatchObject({
        reservations: [],
        slots: { in: [], out: [] },
        waiting: { in: [], out: [] },
      });
    });
  });

  test('a repeated request changes nothing and is answered alike', () => {
    check(anyRequests, (steps) => {
      let record = fresh;
      for (const step of steps) {
        const once = step(record);
        expect(step(once.record)).toEqual({ ...once, granted: [] });
        record = once.record;
      }
    });
  });
});
