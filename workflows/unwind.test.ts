import { ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common';
import { expect, test } from 'vitest';
import { failureAfter, unwind, type StepState, type Undo } from './unwind.ts';

const why = ApplicationFailure.nonRetryable('host2 has no room', 'NoHostFits');
const refusal = ApplicationFailure.nonRetryable('no host is called host9', 'UnknownHost');

/** Steps `a`, `b` and `c`, in this order, whose undos meet these faults, one with each try. */
async function unwound(faults: Readonly<Record<string, readonly Error[]>>) {
  const undone: string[] = [];
  const pausesMs: number[] = [];
  const told: StepState[] = [];
  const seenLeft: Record<string, readonly string[]> = {};
  const begun = ['a', 'b', 'c'].map((name): Undo => {
    const ahead = [...(faults[name] ?? [])];
    return {
      name,
      undo: async ({ left }) => {
        seenLeft[name] = left.map(({ step }) => step);
        const fault = ahead.shift();
        if (fault) throw fault;
        undone.push(name);
      },
    };
  });
  const left = await unwind(begun, why, {
    pause: async (ms) => void pausesMs.push(ms),
    onStep: (state) => void told.push(state),
  });
  return { undone, pausesMs, told, left, seenLeft };
}

test('the step that began last is undone first, and each is told', async () => {
  const { undone, told, left } = await unwound({});
  expect(undone).toEqual(['c', 'b', 'a']);
  expect(told).toEqual(['c', 'b', 'a'].map((step) => ({ step, phase: 'undoing' })));
  expect(left).toEqual([]);
});

test('faults that pass are met by further tries, told, with growing pauses', async () => {
  const passing = ApplicationFailure.retryable('host1 does not answer');
  const { undone, pausesMs, told } = await unwound({
    b: [passing, new TerminatedFailure('by hand'), passing],
  });
  expect(undone).toEqual(['c', 'b', 'a']);
  expect(pausesMs).toEqual([1000, 2000, 4000]);
  expect(told).toContainEqual({
    step: 'b',
    phase: 'undoing',
    trouble: { message: 'host1 does not answer', attempt: 3 },
  });
});

test('a permanent fault leaves its step; the others are undone, and know what was left', async () => {
  const { undone, left, seenLeft } = await unwound({ b: [refusal] });
  expect(undone).toEqual(['c', 'a']);
  expect(left).toEqual([
    { step: 'b', message: 'no host is called host9', byHand: 'Look at it and undo it.' },
  ]);
  expect(seenLeft).toEqual({ c: [], b: [], a: ['b'] });
});

test('a bug ends the unwinding as it is', async () => {
  const bug = new TypeError('x is undefined');
  await expect(unwound({ b: [bug] })).rejects.toBe(bug);
});

test('when all is undone, the operation ends in what it met', () => {
  expect(failureAfter(why, [])).toBe(why);
});

test('what is left needs an operator, who is told of what failed, what is left, and how to go on', () => {
  const left = [
    { step: 'room on host9', message: 'no host is called host9', byHand: 'Run drover settle web1.' },
  ];
  const end = failureAfter(why, left);
  expect(end).toMatchObject({ type: 'NeedsOperator', nonRetryable: true, cause: why, details: [{ left }] });
  expect(end.message).toMatch(
    /host2 has no room.*room on host9.*no host is called host9.*Run drover settle web1\./,
  );
  expect(failureAfter(new CancelledFailure('CANCELLED'), left).message).toMatch(
    /was canceled.*room on host9/,
  );
});
