import { expect, test } from 'vitest';
import { narrator } from './follow.ts';

const checking = { isRunning: true, status: { step: 'checking', vm: 'web1' } } as const;

test('an operation that has ended waits for nobody', () => {
  expect(narrator()({ isRunning: false })).toBeUndefined();
});

test('a worker is waited for only after it has answered nothing for some seconds', () => {
  let nowMs = 0;
  const textOf = narrator({ nowMs: () => nowMs });
  expect(textOf({ isRunning: true })).toBeUndefined();
  nowMs = 2_900;
  expect(textOf(checking)).toBe('checking everything that could stop the move');
  nowMs = 5_000;
  expect(textOf({ isRunning: true })).toBeUndefined();
  nowMs = 6_000;
  expect(textOf({ isRunning: true })).toBe('waiting for a worker');
});

test('whoever waits says for whom', () => {
  const status = { step: 'waiting', vm: 'web1', waitsFor: 'migrate-vm/web1/1' } as const;
  expect(narrator()({ isRunning: true, status })).toBe('waiting for migrate-vm/web1/1');
});
