import { describe, expect, test } from 'vitest';
import { UsageError } from './exit.ts';
import { hostLabels, labelKeys, operationLabels, vmLabels } from './labels.ts';
import { checkKeys, nothingSelected, parseSelector, selects } from './selector.ts';

const web1 = { host: 'host1', state: 'running', switch: 'sw1' };

describe('a selector', () => {
  test.each([
    ['host=host1', true],
    ['host==host1', true],
    ['host=host2', false],
    ['host!=host2', true],
    ['host!=host1', false],
    ['switch', true],
    ['rack', false],
    ['!rack', true],
    ['! switch', false],
    // What does not have the key is not of that value either.
    ['rack!=a', true],
    ['host=host1,state!=running', false],
    [' host = host1 , switch ', true],
  ])('%s selects a VM on host1: %s', (text, expected) => {
    expect(selects(parseSelector(text), web1)).toBe(expected);
  });

  test('takes no key from what every object has', () => {
    expect(selects(parseSelector('constructor'), web1)).toBe(false);
  });

  test.each([
    ['', 'a part is empty'],
    ['host=host1,', 'a part is empty'],
    ['host=', '"host=" is no label'],
    ['=host1', '"=host1" is no label'],
    ['host=a=b', '"host=a=b" is no label'],
    ['host>host1', '"host>host1" is no label'],
  ])('%j is refused', (text, expected) => {
    expect(() => parseSelector(text)).toThrow(UsageError);
    expect(() => parseSelector(text)).toThrow(expected);
    expect(() => parseSelector(text)).toThrow('give KEY=VALUE, KEY!=VALUE, KEY or !KEY');
  });
});

describe('labels', () => {
  const host = {
    name: 'host1',
    cluster: 'berlin',
    datacenter: 'dc1',
    failureDomains: { switch: 'sw1', state: 'none of these' },
    answer: { reachable: false as const, reason: 'silent' },
  };

  test('of a host are its failure domains too, and its own state comes first', () => {
    expect(hostLabels(host)).toEqual({
      host: 'host1',
      cluster: 'berlin',
      datacenter: 'dc1',
      switch: 'sw1',
      state: 'unreachable',
    });
  });

  test('of a VM are those of its host, with its own state', () => {
    expect(vmLabels(host, { name: 'web1', state: 'paused' })).toMatchObject({
      vm: 'web1',
      switch: 'sw1',
      state: 'paused',
    });
  });

  test('of an operation without a state it is Temporal’s', () => {
    const one = { workflowId: 'x', type: 'migrateVm', status: 'TERMINATED', startedAt: '' };
    expect(operationLabels(one)).toEqual({ kind: 'migrateVm', state: 'terminated' });
  });

  test('a key that there is none of is refused with those that there are', () => {
    const clusters = {
      berlin: {
        datacenter: 'dc1',
        sharedPaths: [],
        availability: { hostFailuresToTolerate: 1, admission: 'warn' as const },
        hosts: { host1: { uri: 'sim://127.0.0.1:1/host1', failureDomains: { rack: 'a' } } },
      },
    };
    const keys = labelKeys('hosts', { clusters });
    expect(() => checkKeys(parseSelector('rakc=a'), keys, 'hosts')).toThrow(
      'hosts have no label rakc; they have: host, cluster, datacenter, state, rack; did you mean rack?',
    );
    expect(() => checkKeys(parseSelector('rack=a'), keys, 'hosts')).not.toThrow();
  });
});

test('a selection of nothing says which values there are', () => {
  const all = [web1, { ...web1, host: 'host2' }];
  expect(nothingSelected(parseSelector('host=hots2'), all, 'VMs')).toBe(
    'none of 2 VMs has host=hots2: host is host1, host2; did you mean host2?',
  );
  expect(nothingSelected(parseSelector('!switch,host!=host3'), all, 'VMs')).toBe(
    'none of 2 VMs has !switch,host!=host3',
  );
});
