import { expect, test } from 'vitest';
import type { PlannerHost, PlannerVm } from '../../model/placement.ts';
import { coverageOf } from './coverage.ts';

const host = (name: string, facts: Partial<PlannerHost> = {}): PlannerHost => ({
  name,
  cluster: 'berlin',
  datacenter: 'berlin',
  state: 'active',
  cpus: 8,
  memoryMiB: 8192,
  failureDomains: {},
  ...facts,
});
const vm = (name: string, on: string, memoryMiB: number, facts: Partial<PlannerVm> = {}): PlannerVm => ({
  name,
  host: on,
  running: true,
  vcpus: 1,
  memoryMiB,
  networks: [],
  storage: [],
  ...facts,
});
const cluster = 'berlin';

test('room for the VMs of any one host is one failure covered', () => {
  const herd = {
    hosts: [host('host1'), host('host2'), host('host3')],
    vms: [vm('a', 'host1', 4096), vm('b', 'host2', 4096), vm('c', 'host3', 4096)],
    reservations: [],
  };
  expect(coverageOf(herd, { cluster, wanted: 1 })).toEqual({ cluster, wanted: 1, covered: 1 });
  expect(coverageOf(herd, { cluster, wanted: 2 })).toMatchObject({
    covered: 1,
    worst: { hosts: ['host1', 'host2'], memoryMiB: 4096, vms: [{ vm: 'b', memoryMiB: 4096 }] },
  });
});

test('the worst host counts, and not the mean: room in pieces is none for a large VM', () => {
  // 9 GiB are free for 6 GiB, in pieces of 3.
  const herd = {
    hosts: [host('host1'), host('host2'), host('host3'), host('host4')],
    vms: [vm('big', 'host1', 6144), ...[2, 3, 4].map((at) => vm(`web${at}`, `host${at}`, 5120))],
    reservations: [],
  };
  expect(coverageOf(herd, { cluster, wanted: 1 })).toEqual({
    cluster,
    wanted: 1,
    covered: 0,
    worst: { hosts: ['host1'], memoryMiB: 6144, vms: [{ vm: 'big', memoryMiB: 6144 }] },
  });
});

test('hosts in maintenance and of other clusters give no room', () => {
  const hosts = [host('host1'), host('host2', { state: 'maintenance' }), host('host3', { cluster: 'paris' })];
  const herd = { hosts, vms: [vm('a', 'host1', 1024)], reservations: [] };
  expect(coverageOf(herd, { cluster, wanted: 1 })).toMatchObject({ covered: 0 });
});

test('rules that must be kept count, and those that should be do not', () => {
  const herd = {
    hosts: [host('host1'), host('host2')],
    vms: [vm('db1', 'host1', 1024), vm('db2', 'host2', 1024)],
    reservations: [],
  };
  const apart = { name: 'apart', kind: 'apart' as const, vms: ['db1', 'db2'] };
  const asked = { cluster, wanted: 1 };
  expect(coverageOf({ ...herd, rules: [{ ...apart, strength: 'must' }] }, asked).covered).toBe(0);
  expect(coverageOf({ ...herd, rules: [{ ...apart, strength: 'should' }] }, asked).covered).toBe(1);
});

test('nothing wanted is covered, and a cluster of one host with VMs covers none', () => {
  const herd = { hosts: [host('host1')], vms: [vm('a', 'host1', 1024)], reservations: [] };
  expect(coverageOf(herd, { cluster, wanted: 0 })).toEqual({ cluster, wanted: 0, covered: 0 });
  expect(coverageOf(herd, { cluster, wanted: 1 })).toMatchObject({ covered: 0, worst: { hosts: ['host1'] } });
});

test('in a large cluster the heaviest hosts are tried', () => {
  const names = Array.from({ length: 100 }, (_, at) => `host${at}`);
  const herd = {
    hosts: names.map((name) => host(name)),
    vms: names.map((name, at) => vm(`vm${at}`, name, at === 57 ? 7168 : 2048)),
    reservations: [],
  };
  expect(coverageOf(herd, { cluster, wanted: 2, mostSets: 20 })).toMatchObject({
    covered: 0,
    worst: { hosts: ['host57'], vms: [{ vm: 'vm57' }] },
  });
});
