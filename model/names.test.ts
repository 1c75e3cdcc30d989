import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isActionableVmName, Name, Uuid, VmName, fewNames } from './names.ts';

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.string({ maxLength: 80 }),
  fc.string({ unit: fc.constantFrom(...'aZ09._-'.split('')), maxLength: 70 }),
  fc.uuid(),
  fc.nat().map(String),
);

describe('a name that Drover acts on', () => {
  test('is never read by a tool as an option, an id, a UUID, a path or more than one word', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        if (!isActionableVmName(text)) return;
        expect(text).toMatch(/^[A-Za-z0-9]/);
        expect(text).not.toMatch(/[^A-Za-z0-9._-]/);
        expect(text).not.toMatch(/^\d+$/);
        expect(Uuid.safeParse(text).success).toBe(false);
        expect(text.length).toBeLessThanOrEqual(63);
      }),
      { numRuns: 2000 },
    );
  });

  test('may be any word of letters, digits, dots, dashes and underscores', () => {
    const words = fc
      .tuple(
        fc.string({ unit: fc.constantFrom(...'abcXYZ'.split('')), minLength: 1, maxLength: 1 }),
        fc.string({ unit: fc.constantFrom(...'abcXYZ0123456789._-'.split('')), maxLength: 30 }),
      )
      .map(([first, rest]) => first + rest);
    fc.assert(
      fc.property(words, (word) => {
        expect([Name.safeParse(word).success, VmName.safeParse(word).success]).toEqual([true, true]);
      }),
    );
  });

  test.each([
    ['13', 'is all digits, which libvirt reads as an id'],
    ['9F0C7D2E-6F0B-4D0A-9A51-0D5BB6D1C7AA', 'has the form of a UUID: give the name of the VM'],
    ['web1\n', 'is no valid name: use 1 to 63 letters (a-z), digits, dots, dashes or underscores'],
    ['w'.repeat(64), 'is no valid name'],
  ])('is not %j: the message says why', (name, expected) => {
    expect(
      VmName.safeParse(name)
        .error?.issues.map(({ message }) => message)
        .join(),
    ).toContain(expected);
  });

  test.each([[undefined], [null], [13], [['web1']], [{}]])('is a text, not %j', (value) => {
    expect(VmName.safeParse(value).error?.issues[0]?.message).toMatch(/^must be a text: use 1 to 63/);
  });
});

test('a sentence names all of a few, and of many the first and their number', () => {
  const names = Array.from({ length: 1000 }, (_, at) => `host${at + 1}`);
  expect(fewNames([])).toBe('');
  expect(fewNames(names.slice(0, 3))).toBe('host1, host2, host3');
  expect(fewNames(names.slice(0, 20))).toMatch(/, host20$/);
  expect(fewNames(names)).toMatch(/, host20 and 980 more$/);
});
