import { describe, expect, test } from 'vitest';
import type { Rank } from '../../model/ranks.ts';
import type { AcquireVm, Claimant, ReleaseVm, VmRecord } from '../../model/vm-record.ts';
import { confirm } from './confirm.ts';
import { newVmRecord } from './decision.ts';
import { acquire, operationEnded, release } from './lease.ts';

const now = '2026-01-01T00:00:00.000Z';
const later = '2026-01-01T00:01:00.000Z';
const latest = '2026-01-01T00:02:00.000Z';
const fresh = newVmRecord('web1', now);
const first = fresh.epoch + 1;

const move = {
  uuid: '9f0c7d2e-6f0b-4d0a-9a51-0d5bb6d1c7aa',
  datacenter: 'berlin',
  from: 'host1',
  to: 'host2',
  wasPaused: false,
};

function claimant(workflowId: string, rank: Rank = 'person', runId?: string): Claimant {
  return { workflowId, kind: 'migrateVm', rank, ...(runId === undefined ? {} : { runId }) };
}

type Options = Omit<AcquireVm, 'vm' | 'claimant'> & { readonly rank?: Rank };

function ask(record: VmRecord, workflowId: string, { rank, ...options }: Options = {}, at = now) {
  return acquire(record, { claimant: claimant(workflowId, rank), ...options }, at);
}

function letGo(workflowId: string, more: Partial<ReleaseVm> = {}): Omit<ReleaseVm, 'vm'> {
  return { workflowId, outcome: 'moved', message: 'web1 moved', ...more };
}

/** Held by `a`, whose attempt moves the VM. */
function moving(): VmRecord {
  const { record } = ask(fresh, 'a');
  return confirm(record, { workflowId: 'a', epoch: first, attempt: '1', move }).record;
}

const waiting = ({ queue }: VmRecord): string[] => queue.map(({ claimant: { workflowId } }) => workflowId);

describe('acquire', () => {
  test('a free lease is granted, and to its holder again with the same epoch', () => {
    const { record, answer } = ask(fresh, 'a');
    expect(answer).toEqual({ kind: 'granted', epoch: first });
    expect(record.lease).toMatchObject({
      holder: { workflowId: 'a' },
      since: now,
      state: 'held',
      attempt: 0,
    });
    expect(ask(record, 'a', {}, later)).toEqual({ record, answer, tells: [] });
  });

  test('its holder, whose VM bears a later epoch, has one above that; by both it lets go, by the old one it acts no more', () => {
    const borne = first + 5;
    const { record } = ask(fresh, 'a');
    const raised = ask(record, 'a', { above: borne });
    expect(raised.answer).toEqual({ kind: 'granted', epoch: borne + 1 });
    expect(ask(raised.record, 'a', { above: borne })).toEqual(raised);
    expect(confirm(raised.record, { workflowId: 'a', epoch: first, attempt: '1' }).answer).toMatchObject({
      isCurrent: false,
    });
    for (const epoch of [first, borne + 1]) {
      expect(release(raised.record, letGo('a', { epoch }), later).record.lease).toBeUndefined();
    }
    expect(release(raised.record, letGo('a', { epoch: borne }), later).record.lease).toBeDefined();
    expect(ask(record, 'b', { above: borne }).answer).toMatchObject({ kind: 'refused' });
    expect(ask(record, 'a', { above: first - 1 })).toEqual({ ...ask(record, 'a'), record });
  });

  test('a later operation of the same id has a lease of its own, which the earlier one can’t let go of', () => {
    const early = { claimant: claimant('a', 'person', 'run1') };
    const late = { claimant: claimant('a', 'person', 'run2') };
    const held = acquire(fresh, early, now).record;
    const moved = confirm(held, { workflowId: 'a', epoch: first, attempt: '1', move }).record;
    const { record, answer } = acquire(moved, late, later);
    expect(answer).toEqual({ kind: 'granted', epoch: first + 1, unsettled: { ...move, notes: [] } });
    expect(record.operations).toMatchObject([{ workflowId: 'a', outcome: 'ended' }]);
    expect(acquire(record, late, latest)).toMatchObject({ record, answer });
    expect(release(record, letGo('a', { runId: 'run1' }), latest).record).toEqual(record);
    expect(
      release(record, letGo('a', { runId: 'run2', epoch: first + 1 }), latest).record.lease,
    ).toBeUndefined();
    const queued = acquire(
      acquire(fresh, { claimant: claimant('b') }, now).record,
      { ...late, wait: true },
      now,
    );
    expect(waiting(release(queued.record, letGo('a', { runId: 'run1' }), later).record)).toEqual(['a']);
    expect(waiting(release(queued.record, letGo('a', { runId: 'run2' }), later).record)).toEqual([]);
  });

  test('the epochs of a record that was lost and begins anew are higher than any before', () => {
    expect(newVmRecord('web1', later).epoch).toBeGreaterThan(first);
  });

  test.each<[Rank, Rank]>([
    ['person', 'person'],
    ['balance', 'person'],
    ['failover', 'failover'],
  ])('%s is refused behind %s, with the holder, and waits only where it says so', (rank, holder) => {
    const { record } = ask(fresh, 'a', { rank: holder });
    const refused = ask(record, 'b', { rank });
    expect(refused).toEqual({ record, answer: { kind: 'refused', holder: record.lease }, tells: [] });
    const queued = ask(record, 'b', { rank, wait: true });
    expect(queued.answer).toEqual({ kind: 'queued', place: 1, holder: record.lease });
    expect(queued.tells).toEqual([]);
    expect(ask(queued.record, 'b', { rank }).answer).toMatchObject({ kind: 'queued' });
  });

  test('whoever comes first by rank waits: higher ranks first, then by time; asking again keeps the turn', () => {
    let { record } = ask(fresh, 'a', { rank: 'scaleDown' });
    for (const [name, rank, at] of [
      ['b', 'balance', now],
      ['c', 'person', now],
      ['d', 'maintenance', later],
      ['e', 'person', later],
    ] as const) {
      const { answer, record: after, tells } = ask(record, name, { rank }, at);
      expect(answer).toMatchObject({ kind: 'queued', holder: { holder: { workflowId: 'a' } } });
      expect(tells).toEqual([]);
      record = after;
    }
    expect(waiting(record)).toEqual(['d', 'c', 'e', 'b']);
    const again = ask(record, 'e', { rank: 'person' }, latest);
    expect(again).toMatchObject({ record, answer: { kind: 'queued', place: 3 } });
    // With another rank it takes another place.
    const raised = ask(record, 'e', { rank: 'maintenance' }, latest).record;
    expect(waiting(raised)).toEqual(['d', 'e', 'c', 'b']);
    expect(raised.queue[1]).toMatchObject({ since: later });
  });

  test('a failover asks the holder to stop, once, and again when the host is proven off', () => {
    const { record } = ask(fresh, 'a');
    const asked = ask(record, 'f', { rank: 'failover' }, later);
    const stop = { by: claimant('f', 'failover'), since: later };
    expect(asked.answer).toMatchObject({ kind: 'queued', place: 1, holder: { stop } });
    expect(asked.tells).toEqual([{ workflowId: 'a', signal: 'stop', payload: stop }]);
    expect(ask(asked.record, 'f', { rank: 'failover' }, latest).tells).toEqual([]);
    const fenced = ask(asked.record, 'f', { rank: 'failover', fencedHost: 'host1' }, latest);
    expect(fenced.tells).toMatchObject([{ payload: { since: later, fencedHost: 'host1' } }]);
  });

  test('a lease in doubt is nobody to be told, and is granted to nobody by itself, its last holder neither', () => {
    const { record } = operationEnded(moving(), 'a', later);
    expect(ask(record, 'f', { rank: 'failover' })).toMatchObject({ answer: { kind: 'queued' }, tells: [] });
    expect(ask(record, 'a').answer).toMatchObject({ kind: 'refused', holder: { state: 'inDoubt' } });
  });

  test('whoever takes over has a new epoch and what the last holder left, until it has settled that', () => {
    const record = moving();
    expect(ask(record, 'b', { takeOver: first - 1 }).answer).toMatchObject({ kind: 'refused' });
    const taken = ask(record, 'b', { takeOver: first }, later);
    const unsettled = { ...move, notes: [] };
    expect(taken.answer).toEqual({ kind: 'granted', epoch: first + 1, unsettled });
    expect(taken.record.lease).toMatchObject({ holder: { workflowId: 'b' }, move: unsettled, attempt: 0 });
    expect(taken.record.operations).toMatchObject([{ workflowId: 'a', outcome: 'ended' }]);
    expect(ask(taken.record, 'b', { takeOver: first }, later)).toEqual({ ...taken, tells: [] });

    const inDoubt = release(taken.record, letGo('b', { epoch: first + 1, doubt: 'host2 is silent' }), later);
    const next = ask(inDoubt.record, 'c', { takeOver: first + 1 }, latest);
    expect(next.answer).toEqual({ kind: 'granted', epoch: first + 2, unsettled });
    const settled = release(next.record, letGo('c', { epoch: first + 2 }), latest).record;
    expect(ask(settled, 'd').answer).toEqual({ kind: 'granted', epoch: first + 3 });
  });

  test('who waits and takes over no longer waits', () => {
    const queued = ask(moving(), 'b', { wait: true }).record;
    expect(waiting(ask(queued, 'b', { takeOver: first }).record)).toEqual([]);
  });
});

describe('release', () => {
  test('frees the lease, and tells where the VM is and what was done', () => {
    const seen = { uuid: move.uuid, host: 'host1', state: 'running', stateReason: 'booted', at: now };
    const { record } = ask({ ...fresh, seen }, 'a');
    const freed = release(record, letGo('a', { epoch: first, host: 'host2', hasMoved: true }), later);
    expect(freed.record).toEqual({
      ...fresh,
      epoch: first,
      seen: { ...seen, host: 'host2', at: later },
      lastMovedAt: later,
      operations: [
        { workflowId: 'a', kind: 'migrateVm', endedAt: later, outcome: 'moved', message: 'web1 moved' },
      ],
    });
    expect(release(freed.record, letGo('a', { epoch: first }), latest)).toEqual({ ...freed, tells: [] });
  });

  test('grants the next, which is told', () => {
    const { record } = ask(ask(fresh, 'a').record, 'b', { rank: 'maintenance' });
    const { record: after, tells } = release(record, letGo('a'), later);
    expect(after).toMatchObject({
      queue: [],
      lease: { epoch: first + 1, since: later, holder: { workflowId: 'b' } },
    });
    expect(tells).toEqual([
      { workflowId: 'b', signal: 'leaseGranted', payload: { vm: 'web1', epoch: first + 1 } },
    ]);
  });

  test('of another epoch does nothing, the waiting of the same operation included', () => {
    const taken = ask(moving(), 'b', { takeOver: first }).record;
    const queued = ask(taken, 'a', { wait: true }).record;
    expect(release(queued, letGo('a', { epoch: first }), later)).toEqual({
      record: queued,
      answer: undefined,
      tells: [],
    });
    const freed = release(ask(fresh, 'a').record, letGo('a'), now).record;
    const again = ask(freed, 'a').record;
    expect(release(again, letGo('a', { epoch: first }), later).record).toEqual(again);
  });

  test('of one who waits leaves the queue', () => {
    const queued = ask(ask(fresh, 'a').record, 'b', { wait: true }).record;
    const left = release(queued, letGo('b'), later).record;
    expect(left).toEqual({ ...queued, queue: [] });
  });

  test('in doubt keeps the lease, the queue and the move, and is noted once', () => {
    const queued = ask(moving(), 'b', { wait: true }).record;
    const request = letGo('a', { epoch: first, outcome: 'inDoubt', doubt: 'host2 is silent' });
    const { record, tells } = release(queued, request, later);
    expect(record.lease).toMatchObject({ state: 'inDoubt', doubt: 'host2 is silent', move });
    expect(waiting(record)).toEqual(['b']);
    expect(tells).toEqual([{ workflowId: 'b', signal: 'leaseInDoubt', payload: { vm: 'web1' } }]);
    expect(release(record, request, latest)).toMatchObject({ record, tells: [] });
  });

  test('by one who never learnt of its lease leaves in doubt what an earlier holder has left', () => {
    const taken = ask(moving(), 'b', { takeOver: first }).record;
    const { lease } = release(taken, letGo('b', { outcome: 'BudgetSpent' }), later).record;
    expect(lease).toMatchObject({ state: 'inDoubt', doubt: expect.stringContaining('by b') as string, move });
    expect(release(taken, letGo('b', { epoch: first + 1 }), later).record.lease).toBeUndefined();
    const free = ask(fresh, 'b').record;
    expect(release(free, letGo('b', { outcome: 'BudgetSpent' }), later).record.lease).toBeUndefined();
  });

  test('ten past operations are kept, the newest first', () => {
    let record = fresh;
    for (let n = 1; n <= 12; n++) {
      record = release(ask(record, `op${n}`).record, letGo(`op${n}`), later).record;
    }
    expect(record.operations.map(({ workflowId }) => workflowId)).toEqual(
      [12, 11, 10, 9, 8, 7, 6, 5, 4, 3].map((n) => `op${n}`),
    );
  });
});

describe('an operation that has ended without letting go', () => {
  test('and acted on no host: the lease is free for the next', () => {
    const queued = ask(ask(fresh, 'a').record, 'b', { wait: true }).record;
    const { record, tells, starts } = operationEnded(queued, 'a', later);
    expect(record.lease).toMatchObject({ holder: { workflowId: 'b' }, epoch: first + 1 });
    expect(record.operations).toMatchObject([{ workflowId: 'a', outcome: 'ended' }]);
    expect(tells).toMatchObject([{ workflowId: 'b', signal: 'leaseGranted' }]);
    expect(starts).toBeUndefined();
  });

  test('and may have acted: the lease is in doubt, and one settle begins', () => {
    const { record, starts } = operationEnded(moving(), 'a', later);
    expect(record.lease).toMatchObject({ state: 'inDoubt', epoch: first });
    expect(starts).toMatchObject([
      { workflowType: 'settleVm', workflowId: `settle-vm/web1/${first}`, input: { vm: 'web1' } },
    ]);
    expect(operationEnded(record, 'a', latest)).toEqual({ record, answer: undefined, tells: [] });
  });

  test('and only waited: it waits no more', () => {
    const queued = ask(ask(fresh, 'a').record, 'b', { wait: true }).record;
    expect(operationEnded(queued, 'b', later).record).toEqual({ ...queued, queue: [] });
  });
});
