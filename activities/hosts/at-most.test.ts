import { expect, test } from 'vitest';
import { atMost } from './at-most.ts';

test('so many at a time, and the answers in the order of the items', async () => {
  let [running, highest] = [0, 0];
  const answers = await atMost(3, [50, 10, 40, 20, 30, 0, 5], async (item) => {
    highest = Math.max(highest, ++running);
    for (let turn = 0; turn < item; turn++) await Promise.resolve();
    running--;
    return item * 2;
  });
  expect(answers).toEqual([100, 20, 80, 40, 60, 0, 10]);
  expect(highest).toBe(3);
});

test('nothing to ask is answered at once; a failure is the answer', async () => {
  expect(await atMost(3, [], () => Promise.reject(new Error('asked')))).toEqual([]);
  await expect(atMost(3, [1, 2], () => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
});
