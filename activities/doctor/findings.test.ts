/** What an answer holds of a large site. */
import { expect, test } from 'vitest';
import { findingsOf, fitted } from './findings.ts';

const many = Array.from({ length: 500 }, (_, place) => findingsOf(`host${place}`, 'clock').ok('it is right'));
const wrong = Array.from({ length: 500 }, (_, place) =>
  findingsOf(`host${place}`, 'fence').error('it does not answer', 'look'),
);

test('what has room is left as it is', () => {
  expect(fitted(many, 1_000_000)).toBe(many);
});

test('first what is well is put together, then the rest of each check; none is lost without a count', () => {
  const bytes = (of: unknown): number => Buffer.byteLength(JSON.stringify(of));
  const one = fitted([...many, ...wrong], bytes(wrong) + 2000);
  expect(one.filter(({ status }) => status === 'error')).toHaveLength(500);
  expect(one.filter(({ status }) => status === 'ok')).toMatchObject([
    { subject: '500 subjects', check: 'clock' },
  ]);
  const two = fitted([...many, ...wrong], 3000);
  expect(bytes(two)).toBeLessThan(3000);
  expect(two.filter(({ status }) => status === 'error').at(-1)).toMatchObject({
    subject: '490 more',
    advice: 'look',
    message: expect.stringContaining('and 470 more'),
  });
});
