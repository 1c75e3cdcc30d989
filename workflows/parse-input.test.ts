import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import { MigrateVmInput } from '../model/migrate-vm-input.ts';
import { parseInput } from './parse-input.ts';

const example = { vm: 'web1', to: 'host2' };
const parse = (input: unknown): MigrateVmInput => parseInput('migrateVm', MigrateVmInput, input, example);

/** The failure that a person sees in the Temporal UI. */
function failureOf(input: unknown): ApplicationFailure {
  try {
    parse(input);
  } catch (error) {
    if (error instanceof ApplicationFailure) return error;
    throw error;
  }
  throw new Error(`this input was taken: ${JSON.stringify(input)}`);
}

test('a VM is enough', () => {
  expect(parse({ vm: 'web1' })).toEqual({
    vm: 'web1',
    dryRun: false,
    acceptWarnings: true,
    onlyIfStarved: false,
    wait: false,
    rank: 'person',
  });
});

describe('bad input fails for good, in a sentence that says what is allowed', () => {
  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'the input: is missing'],
    ['null', null, 'the input: must be of type object, not null'],
    ['a list', [{ vm: 'web1' }], 'the input: must be of type object, not [{"vm":"web1"}]'],
    ['a text', 'web1', 'the input: must be of type object, not "web1"'],
    ['no VM', {}, 'vm: '],
    ['an unknown key', { vm: 'web1', host: 'host2' }, 'the input: unknown key host'],
    ['a number for the VM', { vm: 13 }, 'vm: '],
    ['digits for the VM', { vm: '13' }, 'vm: "13": is all digits, which libvirt reads as an id'],
    ['an option for the VM', { vm: '--all' }, 'vm: "--all": is no valid name'],
    [
      'a text for a number',
      { vm: 'web1', timeoutSeconds: '60' },
      'timeoutSeconds: must be of type number, not "60"',
    ],
    ['a negative number', { vm: 'web1', bandwidthMiBps: -1 }, 'bandwidthMiBps: -1: must be at least 1'],
    ['a fraction', { vm: 'web1', maxDowntimeMs: 99.5 }, 'maxDowntimeMs: must be of type int, not 99.5'],
    ['a text for yes', { vm: 'web1', dryRun: 'yes' }, 'dryRun: must be of type boolean, not "yes"'],
    ['XML for the host', { vm: 'web1', to: '<host/>' }, 'to: "<host/>": is no valid name'],
  ])('%s', (_, input, expected) => {
    const failure = failureOf(input);
    expect(failure.type).toBe('InvalidInput');
    expect(failure.nonRetryable).toBe(true);
    expect(failure.message).toContain(`The input of migrateVm is not valid. `);
    expect(failure.message).toContain(expected);
    expect(failure.message).toContain('It is one JSON object such as {"vm":"web1","to":"host2"}');
    expect(failure.message).toContain('allowed keys: vm, to, reason, dryRun, acceptWarnings, onlyIfStarved');
  });

  test('with every mistake at once, as data too', () => {
    const failure = failureOf({ vm: '13', to: '-x', dry: true });
    expect(failure.message).toMatch(/vm: .*; to: .*; the input: unknown key dry/);
    expect(failure.details?.[0]).toHaveLength(3);
  });

  test('with a value of 10,000 characters cut short', () => {
    expect(failureOf({ vm: 'w'.repeat(10_000) }).message.length).toBeLessThan(800);
  });
});
