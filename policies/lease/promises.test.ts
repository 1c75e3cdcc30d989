import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { outranks, ranks } from '../../model/ranks.ts';
import type { VmRecord } from '../../model/vm-record.ts';
import { confirm } from './confirm.ts';
import { newVmRecord, type Decision } from './decision.ts';
import { acquire, operationEnded, release } from './lease.ts';

const names = ['a', 'b', 'c', 'd', 'e'];
const name = fc.constantFrom(...names);
const move = { uuid: 'u', datacenter: 'berlin', from: 'host1', to: 'host2', wasPaused: false };

/** Requests as they may come: from whomever, late, repeated, with old epochs (`ago` 0 is the present one). */
const request = fc.oneof(
  fc.record({
    do: fc.constant('acquire' as const),
    name,
    rank: fc.constantFrom(...ranks),
    wait: fc.boolean(),
    takesOver: fc.boolean(),
    ago: fc.nat(2),
    /** The VM bears an epoch so much later than the present one. */
    above: fc.option(fc.integer({ min: -1, max: 2 })),
  }),
  fc.record({
    do: fc.constant('confirm' as const),
    name,
    ago: fc.nat(2),
    attempt: fc.constantFrom('1', '2', '3'),
    moves: fc.boolean(),
  }),
  fc.record({ do: fc.constant('release' as const), name, ago: fc.option(fc.nat(2)), doubts: fc.boolean() }),
  fc.record({ do: fc.constant('ended' as const), name }),
);
type Request = typeof request extends fc.Arbitrary<infer R> ? R : never;

function decide(record: VmRecord, asked: Request, now: string): Decision<unknown> {
  switch (asked.do) {
    case 'acquire': {
      const claimant = { workflowId: asked.name, kind: 'migrateVm', rank: asked.rank };
      const takeOver = asked.takesOver ? { takeOver: record.epoch - asked.ago } : {};
      const above = asked.above === null ? {} : { above: record.epoch + asked.above };
      return acquire(record, { claimant, wait: asked.wait, ...takeOver, ...above }, now);
    }
    case 'confirm':
      return confirm(record, {
        workflowId: asked.name,
        epoch: record.epoch - asked.ago,
        attempt: asked.attempt,
        ...(asked.moves ? { move } : {}),
      });
    case 'release':
      return release(
        record,
        {
          workflowId: asked.name,
          outcome: 'moved',
          message: '',
          ...(asked.ago === null ? {} : { epoch: record.epoch - asked.ago }),
          ...(asked.doubts ? { doubt: 'silence' } : {}),
        },
        now,
      );
    default:
      return operationEnded(record, asked.name, now);
  }
}

interface Step {
  readonly before: VmRecord;
  readonly asked: Request;
  readonly decision: Decision<unknown>;
  readonly now: string;
  /** Whom each epoch of this story was granted to so far. */
  readonly grantedTo: Map<number, string>;
}

/** Holds for every step of every story. */
function always(promise: (step: Step) => void): void {
  fc.assert(
    fc.property(fc.array(request, { maxLength: 40 }), (story) => {
      const grantedTo = new Map<number, string>();
      let record = newVmRecord('web1', '2026-01-01T00:00:00.000Z');
      for (const [minute, asked] of story.entries()) {
        const now = new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
        const decision = decide(record, asked, now);
        promise({ before: record, asked, decision, now, grantedTo });
        record = decision.record;
      }
    }),
    { numRuns: 500 },
  );
}

const holderOf = ({ lease }: VmRecord): string | undefined =>
  lease?.state === 'held' ? lease.holder.workflowId : undefined;
const waiting = ({ queue }: VmRecord): string[] => queue.map(({ claimant }) => claimant.workflowId);

test('nobody ever holds a VM beside another: every epoch is granted to one operation', () => {
  always(({ asked, decision: { record, answer, tells }, grantedTo }) => {
    const grant = (epoch: number, to: string): void => {
      const known = grantedTo.get(epoch) ?? to;
      expect(known).toBe(to);
      grantedTo.set(epoch, to);
      expect({ epoch: record.lease?.epoch, holder: holderOf(record) }).toEqual({ epoch, holder: to });
    };
    const { kind, epoch } = (answer ?? {}) as { kind?: string; epoch?: number };
    if (kind === 'granted' && epoch !== undefined) grant(epoch, asked.name);
    for (const { workflowId, signal, payload } of tells) {
      if (signal === 'leaseGranted') grant((payload as { epoch: number }).epoch, workflowId);
    }
  });
});

test('a lease comes to another holder only with a higher epoch, and epochs never fall', () => {
  always(({ before, decision: { record } }) => {
    expect(record.lease?.epoch ?? record.epoch).toBe(record.epoch);
    const holder = record.lease?.holder.workflowId;
    const isAnother = holder !== undefined && holder !== before.lease?.holder.workflowId;
    expect(record.epoch - before.epoch).toBeGreaterThanOrEqual(isAnother ? 1 : 0);
  });
});

test('nobody is lost: whoever waited still waits, has the lease and was told, or has left', () => {
  always(({ before, asked, decision: { record, tells } }) => {
    for (const waiter of waiting(before)) {
      if (waiting(record).includes(waiter)) continue;
      if (asked.name === waiter) continue;
      expect(holderOf(record)).toBe(waiter);
      expect(tells).toContainEqual({
        workflowId: waiter,
        signal: 'leaseGranted',
        payload: { vm: 'web1', epoch: record.epoch },
      });
    }
  });
});

test('nobody waits for a free lease, waits twice, waits for its own lease, or behind a lower rank', () => {
  always(({ decision: { record } }) => {
    const { queue, lease } = record;
    expect(queue).toHaveLength(lease ? queue.length : 0);
    expect(new Set(waiting(record)).size).toBe(queue.length);
    expect(waiting(record)).not.toContain(holderOf(record));
    for (const [index, { claimant }] of queue.entries()) {
      for (const behind of queue.slice(index + 1)) {
        expect(outranks(behind.claimant.rank, claimant.rank)).toBe(false);
      }
    }
  });
});

test('what attempts did on hosts is forgotten only by a release without doubt', () => {
  always(({ before, asked, decision: { record } }) => {
    if (!before.lease?.move || record.lease?.move) return;
    expect(asked).toMatchObject({ do: 'release', doubts: false, name: before.lease.holder.workflowId });
  });
});

test('a request that is repeated is answered the same, changes nothing and tells nobody', () => {
  always(({ decision, asked, now, before }) => {
    // The same request: its epochs are those of before.
    const age = decision.record.epoch - before.epoch;
    const repeated = {
      ...asked,
      ...('ago' in asked && asked.ago !== null ? { ago: asked.ago + age } : {}),
      ...('above' in asked && asked.above !== null ? { above: asked.above - age } : {}),
    };
    const again = decide(decision.record, repeated, now);
    expect(again.record).toEqual(decision.record);
    expect(again.tells).toEqual([]);
    expect(again.answer).toEqual(decision.answer);
  });
});
