import { describe, expect, test } from 'vitest';
import { SharedLook } from './shared-look.ts';

/** A look whose end the test decides; each answers its number. */
function looks() {
  let nowMs = 0;
  const ends: PromiseWithResolvers<number>[] = [];
  const shared = new SharedLook(
    () => {
      const end = Promise.withResolvers<number>();
      ends.push(end);
      return end.promise;
    },
    () => nowMs,
  );
  return {
    shared,
    taken: () => ends.length,
    pass: (ms: number) => void (nowMs += ms),
    end: async (number: number) => {
      ends[number - 1]?.resolve(number);
      await new Promise(setImmediate);
    },
    fail: async (number: number) => {
      ends[number - 1]?.reject(new Error(`look ${number} failed`));
      await new Promise(setImmediate);
    },
  };
}

describe('a fresh look', () => {
  test('begins after it was asked for: all who ask while one is under way share the next', async () => {
    const { shared, taken, end } = looks();
    const first = shared.fresh();
    const [second, third] = [shared.fresh(), shared.fresh()];
    expect(taken()).toBe(1);
    await end(1);
    expect(taken()).toBe(2);
    await end(2);
    expect(await Promise.all([first, second, third])).toEqual([1, 2, 2]);
    const [fourth, fifth] = [shared.fresh(), shared.fresh()];
    await end(3);
    await end(4);
    expect(await Promise.all([fourth, fifth])).toEqual([3, 4]);
  });

  test('is taken all the same when the one before it fails', async () => {
    const { shared, end, fail } = looks();
    const [first, second] = [shared.fresh(), shared.fresh()];
    first.catch(() => undefined);
    await fail(1);
    await end(2);
    await expect(first).rejects.toThrow('look 1 failed');
    expect(await second).toBe(2);
  });
});

describe('a recent look', () => {
  test('is the last one while that is young enough, counted from its begin', async () => {
    const { shared, taken, pass, end } = looks();
    const first = shared.recent(100);
    pass(60);
    await end(1);
    expect(await first).toEqual({ value: 1, isFresh: true });
    pass(40);
    expect(await shared.recent(100)).toEqual({ value: 1, isFresh: false });
    pass(1);
    const next = shared.recent(100);
    await end(2);
    expect(await next).toEqual({ value: 2, isFresh: true });
    expect(taken()).toBe(2);
  });

  test('is the one under way where that began lately, else the one after it', async () => {
    const { shared, taken, pass, end } = looks();
    const first = shared.fresh();
    pass(100);
    const joined = shared.recent(100);
    pass(1);
    const late = shared.recent(100);
    await end(1);
    await end(2);
    expect(await first).toBe(1);
    expect(await joined).toEqual({ value: 1, isFresh: false });
    expect(await late).toEqual({ value: 2, isFresh: true });
    expect(taken()).toBe(2);
  });
});
