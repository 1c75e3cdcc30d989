import { expect, test } from 'vitest';
import { alertOverText } from './texts.ts';

test('of a move whose alert is over it is told since when, and that the move goes on', () => {
  const status = { step: 'moving', vm: 'web1' } as const;
  expect(alertOverText(status)).toBeUndefined();
  expect(alertOverText({ ...status, alertResolvedAt: '2026-11-23T10:05:00Z' })).toBe(
    'resolved since 2026-11-23T10:05:00Z; the move goes on',
  );
});
