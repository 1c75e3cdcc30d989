import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import type { WorldView } from './control.ts';
import { describeConvictions, describeWorld, isWhole } from './describe.ts';
import type { CopyView } from './journal.ts';
import type { Conviction } from './referee.ts';
import { DatacenterSpec } from './spec.ts';

const spec = DatacenterSpec.parse({
  hosts: [{ name: 'host1' }, { name: 'host2' }],
  vms: [
    { name: 'web1', host: 'host1' },
    { name: 'off1', host: 'host1', isRunning: false },
  ],
});
const conviction: Conviction = {
  kind: 'twoRunning',
  atMs: 1500,
  vm: 'web1',
  host: 'host2',
  message: 'two run',
};

function copyOn(host: string, state: CopyView['state'] = 'running'): CopyView {
  return { host, uuid: 'u', vm: 'web1', state, reason: 'booted', persistent: true, memoryMiB: 1024 };
}

function world(change: Partial<WorldView> = {}): WorldView {
  return {
    atMs: 1000,
    hosts: [
      { name: 'host1', state: 'up' },
      { name: 'host2', state: 'up' },
    ],
    copies: [copyOn('host1')],
    cuts: [],
    ...change,
  };
}

test('a datacenter is whole with every host up, every link, each VM running once, and nothing convicted', () => {
  expect(isWhole(spec, world(), [])).toBe(true);
  // A definition that a move has left behind takes nothing from that.
  expect(isWhole(spec, world({ copies: [copyOn('host1'), copyOn('host2', 'shut off')] }), [])).toBe(true);
});

test.each<[string, Partial<WorldView>, Conviction[]]>([
  [
    'a host that hangs',
    {
      hosts: [
        { name: 'host1', state: 'up' },
        { name: 'host2', state: 'frozen' },
      ],
    },
    [],
  ],
  ['a link that is cut', { cuts: ['host1 -> host2'] }, []],
  ['a VM that stands still', { copies: [copyOn('host1', 'paused')] }, []],
  ['a VM that is nowhere', { copies: [] }, []],
  ['a VM that runs twice', { copies: [copyOn('host1'), copyOn('host2')] }, []],
  ['a conviction', {}, [conviction]],
])('it is not whole with %s', (_, change, convictions) => {
  expect(isWhole(spec, world(change), convictions)).toBe(false);
});

test('what runs is counted, and listed on demand', () => {
  const [summary, ...rest] = stripVTControlCharacters(describeWorld(spec, world(), [])).split('\n');
  expect(summary).toBe(
    'Simulated datacenter: whole, 1.0 s old; 2 of 2 hosts up, 1 of 2 VMs run, the referee has convicted 0',
  );
  expect(rest).toEqual(['  off1  nowhere']);
  const all = stripVTControlCharacters(describeWorld(spec, world(), [], { all: true })).split('\n');
  expect(all.slice(1)).toEqual([
    '  host1  up',
    '  host2  up',
    '  web1   running (booted) on host1',
    '  off1   nowhere',
  ]);
});

test('it is told in words, what is wrong by name', () => {
  const text = describeWorld(spec, world({ copies: [], cuts: ['host1 -> *'] }), [conviction]);
  expect(stripVTControlCharacters(text)).toBe(
    [
      'Simulated datacenter: not whole, 1.0 s old; 2 of 2 hosts up, 0 of 2 VMs run, the referee has convicted 1',
      '  web1  nowhere',
      '  off1  nowhere',
      '  cut: host1 -> *',
    ].join('\n'),
  );
  expect(stripVTControlCharacters(describeConvictions([conviction]))).toBe(
    '     1.500 s  twoRunning web1 host2: two run',
  );
});
