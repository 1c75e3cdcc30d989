/** Every refusal that was heard or read of has the class that it should, by a rule of its own. */
import { describe, expect, test } from 'vitest';
import { ErrorCode } from './libvirt/client.ts';
import { accessReasons } from './libvirt/errors.ts';
import { classify, libvirtRules, vagueCodes } from './libvirt-refusals.ts';
import { invalid, readOf, recorded } from './known-refusals.ts';

test.each(readOf)('$class: $call, $code: $text', ({ class: expected, call, code, text }) => {
  const { class: found, rule } = classify({ code, text }, call);
  expect(rule).toBeDefined();
  expect(found).toBe(expected);
});

test.each(recorded)('$call: $how ($code) is known by a rule', ({ call, code, domain, text }) => {
  expect(classify({ code, domain, text }, call).rule).toBeDefined();
});

test('of a state: what is so already is told from what is in doubt', () => {
  const off = { code: 'OPERATION_INVALID', text: `${invalid}domain is not running` };
  const classes = (['destroy', 'shutDown', 'quit', 'abortMigration', 'migrate', 'resume'] as const).map(
    (call) => classify(off, call).class,
  );
  expect(classes).toEqual(['alreadySo', 'alreadySo', 'alreadySo', 'alreadySo', 'look', 'look']);
});

test('what nobody has foreseen is in doubt, and has no rule', () => {
  expect(
    classify({ code: 'OPERATION_FAILED', text: 'operation failed: the moon is full' }, 'migrate'),
  ).toEqual({
    class: 'look',
  });
  expect(classify({ code: 'unknown (999)', text: 'something new' }, 'start')).toEqual({ class: 'look' });
});

describe('the rules', () => {
  test('are all needed, and each fits something that was heard or read of', () => {
    const cases = [...recorded, ...readOf];
    const used = new Set(cases.map((each) => classify(each, each.call).rule));
    expect(libvirtRules.map(({ name }) => name).filter((name) => !used.has(name))).toEqual([]);
  });

  test('have names of their own, and codes that libvirt has', () => {
    const names = libvirtRules.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const codes = libvirtRules.flatMap((rule) => rule.codes);
    const own = { STALE_EPOCH: '', ...accessReasons };
    expect(codes.filter((code) => !(code in ErrorCode) && !(code in own))).toEqual([]);
    expect(Object.keys(accessReasons).filter((code) => !codes.includes(code))).toEqual([]);
  });

  test('decide by words where, and only where, a code says nothing', () => {
    const ours = new Set(['HOOK_SCRIPT_FAILED']);
    const wrong = libvirtRules.filter(({ codes, text }) =>
      codes.some((code) =>
        text === undefined ? vagueCodes.has(code) : !vagueCodes.has(code) && !ours.has(code),
      ),
    );
    expect(wrong).toEqual([]);
  });
});
