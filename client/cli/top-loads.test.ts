import { describe, expect, test } from 'vitest';
import { answeringHost, silentHost, vmFacts } from './herd-for-tests.ts';
import { parseSelector } from './selector.ts';
import { hostLoads, vmLoads } from './top-loads.ts';
import { clustersOf } from './used.ts';

const hosts = [
  answeringHost(
    'host1',
    [vmFacts('web1', { cpuBusyCores: 0.5 }), vmFacts('db1', { cpuBusyCores: 1.5, memoryMiB: 512 })],
    {
      cpuBusyCores: 2,
    },
  ),
  silentHost('host2'),
  answeringHost(
    'host10',
    [vmFacts('old1', { state: 'off' }), vmFacts('held1', { state: 'paused', memoryMiB: 4096 })],
    {
      cpuBusyCores: 3,
    },
  ),
  answeringHost('host9', [vmFacts('new1')]),
];
const all = { selector: [], sort: 'cpu' } as const;

describe('the busiest come first', () => {
  test('of hosts, those of which nothing is known last', () => {
    expect(hostLoads(hosts, all).loads.map(({ row }) => row.slice(0, 6))).toEqual([
      ['host10', 'berlin', 'active', '3.00 of 4', '75 %', '4096 of 8192'],
      ['host1', 'berlin', 'active', '2.00 of 4', '50 %', '1536 of 8192'],
      ['host2', 'berlin', 'unreachable'],
      ['host9', 'berlin', 'active', '? of 4', '?', '1024 of 8192'],
    ]);
  });

  test('of VMs, and one that is off has no load', () => {
    const { loads } = vmLoads(hosts, all);
    expect(loads.map(({ name }) => name)).toEqual(['db1', 'web1', 'held1', 'new1']);
    expect(loads[0]?.row).toEqual(['db1', 'host1', 'running', '1.50', '75 % of 2', '38 %', '512']);
    expect(loads[0]?.data).toMatchObject({ vm: 'db1', cpuBusyCores: 1.5, shareOfHost: 0.375 });
  });

  test('by memory on demand, of those selected alone', () => {
    const { loads, all } = vmLoads(hosts, { selector: parseSelector('host=host1'), sort: 'memory' });
    expect(loads.map(({ name }) => name)).toEqual(['web1', 'db1']);
    expect(all).toHaveLength(4);
  });
});

describe('a cluster', () => {
  test('sums what its hosts have and use, and tells who is in no sum', () => {
    expect(
      clustersOf([...hosts, answeringHost('far1', [], { cluster: 'munich', cpuBusyCores: 0 })]),
    ).toMatchObject([
      {
        cluster: 'berlin',
        hosts: 4,
        silentHosts: ['host2'],
        vms: 5,
        runningVms: 3,
        cpus: 12,
        memoryUsedMiB: 6656,
        memoryMiB: 24_576,
      },
      { cluster: 'munich', hosts: 1, vms: 0, cpuBusyCores: 0 },
    ]);
  });

  test('of which one host’s use was not measured has no sum of it', () => {
    expect(clustersOf(hosts)[0]).not.toHaveProperty('cpuBusyCores');
  });
});
