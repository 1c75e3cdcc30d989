/** What a person typed wrong is answered with what is allowed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LabUsageError } from '../errors.ts';
import { among, checkNames, numberAbove0, parseFault, readSpec, specOfSize } from './choose.ts';
import type { Fault } from './faults.ts';
import { defaultSpecFile } from './site.ts';
import { generateDatacenter } from './spec.ts';

const spec = generateDatacenter({ hosts: 3, vms: 2 });

/** What a mistake in use says; anything else that is thrown goes on. */
function messageOf(choose: () => unknown): string {
  try {
    choose();
  } catch (error) {
    if (error instanceof LabUsageError) return error.message;
    throw error;
  }
  return 'it was taken';
}

describe('a fault', () => {
  test.each([
    ['that is no JSON', 'crash', 'the fault is no JSON'],
    ['of no kind', '{"kind":"flood"}', 'has one of these kinds: crashHost, powerOff,'],
    ['that is no object', '3', 'has one of these kinds: crashHost, powerOff,'],
    ['without its host', '{"kind":"crashHost"}', 'host is missing'],
    ['with a key too many', '{"kind":"healAll","host":"host1"}', 'has no key host'],
    [
      'with an order that nobody knows',
      '{"kind":"person","order":"kick","vm":"vm1"}',
      'order must be one of start, shutDown, ',
    ],
  ])('%s is refused', (_, text, message) => {
    expect(messageOf(() => parseFault(text))).toContain(message);
  });

  test.each<[string, Fault, string]>([
    ['host', { kind: 'crashHost', host: 'host9' }, 'no host host9; there are: host1, host2, host3'],
    ['VM', { kind: 'crashGuest', vm: 'vm9' }, 'no VM vm9; there are: vm1, vm2'],
    [
      'host of a VM',
      { kind: 'person', order: 'start', vm: 'vm1', host: 'host9' },
      'no host host9; there are: host1',
    ],
    ['party', { kind: 'cutLink', from: 'host1', to: 'san9' }, 'no party san9; there are: worker, users, mon'],
    ['storage server', { kind: 'storageAway', storage: 'san9' }, 'no storage server san9; there are: san1'],
  ])('of an unknown %s is refused with those there are', (_, fault, message) => {
    expect(messageOf(() => checkNames(spec, fault))).toContain(message);
  });

  test('of what is there is taken', () => {
    const fault = parseFault('{"kind":"cutLink","from":"*","to":"san1"}');
    expect(fault).toEqual({ kind: 'cutLink', from: '*', to: 'san1' });
    expect(messageOf(() => checkNames(spec, fault))).toBe('it was taken');
  });
});

describe('a datacenter from a file', () => {
  test.each([
    ['a wrong key', '{hosts: [{name: host1, cores: 3}]}', 'Unrecognized key: "cores"'],
    ['a VM on no host', '{hosts: [{name: host1}], vms: [{name: vm1, host: host2}]}', 'vm1 is on host2'],
    ['a name given twice', '{hosts: [{name: host1}, {name: host1}]}', 'host host1 is there twice'],
    ['no YAML in it', '{', "can't be read"],
  ])('with %s is refused with what is wrong', (_, text, message) => {
    const folder = mkdtempSync(join(tmpdir(), 'drover-spec-'));
    const file = join(folder, 'mine.yaml');
    writeFileSync(file, text);
    const said = messageOf(() => readSpec(file));
    rmSync(folder, { recursive: true });
    expect(said).toContain(message);
    expect(said).toContain(file);
  });

  test('is the one of npm start by default: a weak host with a web server, and a strong one', () => {
    expect(readSpec(defaultSpecFile)).toMatchObject({
      hosts: [
        { name: 'host1', cpus: 0.4 },
        { name: 'host2', cpus: 1.5 },
      ],
      vms: [{ name: 'web1', host: 'host1' }],
    });
  });
});

test.each([
  ['--hosts many: must be a whole number from 1 to 10000', () => specOfSize('many', '1')],
  ['--hosts 0: must be a whole number from 1 to 10000', () => specOfSize('0', '1')],
  ['--vms -1: must be a whole number from 0 to 100000', () => specOfSize('1', '-1')],
  ['--rate 0: must be a number above 0', () => numberAbove0('--rate', '0')],
  ['--rate : must be a number above 0', () => numberAbove0('--rate', '')],
  ['no such end late; there are: well, fails', () => among('such end', ['well', 'fails'], 'late')],
])('%s', (message, choose) => {
  expect(messageOf(choose)).toBe(message);
});
