import { describe, expect, test } from 'vitest';
import {
  type PlannerHost,
  type PlannerReservation,
  type PlannerVm,
  RefusalCode,
} from '../../model/placement.ts';
import { bestHost } from './choose.ts';
import { demandReason } from './demand.ts';
import { filters, fits } from './filters.ts';
import { Herd, type HerdHost } from './herd.ts';

function host(name: string, facts: Partial<PlannerHost> = {}): PlannerHost {
  return {
    name,
    cluster: 'berlin',
    datacenter: 'berlin',
    state: 'active',
    cpus: 4,
    memoryMiB: 8192,
    failureDomains: {},
    ...facts,
  };
}

function vm(name: string, facts: Partial<PlannerVm> = {}): PlannerVm {
  return { name, running: true, vcpus: 2, memoryMiB: 1024, networks: [], storage: [], ...facts };
}

function reservation(hostName: string, vmName: string, memoryMiB: number): PlannerReservation {
  return { operation: `migrateVm/${vmName}`, host: hostName, vm: vmName, memoryMiB, cpuCores: 0.5 };
}

function hostOf(herd: Herd, name: string): HerdHost {
  const found = herd.findHost(name);
  if (!found) throw new Error(`no ${name}`);
  return found;
}

describe('the herd counts', () => {
  test('VMs that run, and not those that are off', () => {
    const herd = new Herd({
      hosts: [host('host1')],
      vms: [vm('web1', { host: 'host1', cpuBusyCores: 0.5 }), vm('web2', { host: 'host1', running: false })],
      reservations: [],
    });
    expect(hostOf(herd, 'host1').used).toEqual({ memoryMiB: 1024, vcpus: 2, cpuCores: 0.5 });
    expect([...hostOf(herd, 'host1').vms].map(({ name }) => name)).toEqual(['web1']);
  });

  test('a reserved VM once: reserved until it is there, then itself', () => {
    const herd = new Herd({
      hosts: [host('host1'), host('host2')],
      vms: [vm('web1', { host: 'host1', cpuBusyCores: 0.25 })],
      reservations: [reservation('host2', 'web1', 1024)],
    });
    const [host1, host2, web1] = [hostOf(herd, 'host1'), hostOf(herd, 'host2'), herd.vm('web1')];
    expect(host1.used.memoryMiB).toBe(1024);
    expect(host2.used).toEqual({ memoryMiB: 1024, vcpus: 2, cpuCores: 0.5 });
    herd.place(web1, host2);
    expect(host1.used).toEqual({ memoryMiB: 0, vcpus: 0, cpuCores: 0 });
    expect(host2.used).toEqual({ memoryMiB: 1024, vcpus: 2, cpuCores: 0.25 });
    herd.remove(web1);
    expect(host2.used).toEqual({ memoryMiB: 1024, vcpus: 2, cpuCores: 0.5 });
  });

  test('the larger of two reservations for one VM', () => {
    const herd = new Herd({
      hosts: [host('host1')],
      vms: [],
      reservations: [reservation('host1', 'web1', 512), reservation('host1', 'web1', 2048)],
    });
    expect(hostOf(herd, 'host1').used).toEqual({ memoryMiB: 2048, vcpus: 0.5, cpuCores: 0.5 });
  });

  test('a VM that was on the host and reserved there once', () => {
    const herd = new Herd({
      hosts: [host('host1')],
      vms: [vm('web1', { host: 'host1', cpuBusyCores: 0.25 })],
      reservations: [reservation('host1', 'web1', 1024)],
    });
    expect(hostOf(herd, 'host1').used).toEqual({ memoryMiB: 1024, vcpus: 2, cpuCores: 0.25 });
  });

  test('every copy of a VM that is listed more than once, whatever the order', () => {
    const copies = [
      vm('db1', { host: 'host2', cpuBusyCores: 0 }),
      vm('db1', { host: 'host1', cpuBusyCores: 0.5 }),
      vm('db1', { host: 'host0', running: false }),
    ];
    for (const listed of [copies, copies.toReversed()]) {
      const herd = new Herd({
        hosts: [host('host0'), host('host1'), host('host2')],
        vms: [...listed, vm('db2', { apartFrom: ['db1'] })],
        reservations: [],
      });
      expect(herd.vm('db1').home?.name).toBe('host1');
      expect(herd.hosts.map(({ used }) => used.memoryMiB)).toEqual([0, 1024, 1024]);
      expect(herd.hosts.map((each) => fits(herd, herd.vm('db2'), each))).toEqual([true, false, false]);
    }
  });

  test('nothing for hosts that the snapshot does not have', () => {
    const herd = new Herd({
      hosts: [host('host1')],
      vms: [vm('web1', { host: 'host9' })],
      reservations: [reservation('host8', 'web1', 512)],
    });
    expect(herd.vm('web1').home).toBeUndefined();
    expect(hostOf(herd, 'host1').used.memoryMiB).toBe(0);
  });

  test('load on a host that its VMs do not explain', () => {
    const herd = new Herd({
      hosts: [host('host1', { cpuBusyCores: 1.5 })],
      vms: [vm('web1', { host: 'host1', cpuBusyCores: 0.5 })],
      reservations: [],
    });
    expect(hostOf(herd, 'host1').used.cpuCores).toBe(1.5);
    herd.remove(herd.vm('web1'));
    expect(hostOf(herd, 'host1').used.cpuCores).toBe(1);
  });

  test('the use of an unmeasured VM once: within all its vCPUs, and not as load of the host besides', () => {
    const herd = new Herd({
      hosts: [host('host1', { cpuBusyCores: 1.5 })],
      vms: [vm('web1', { host: 'host1' })],
      reservations: [],
    });
    expect(hostOf(herd, 'host1').used.cpuCores).toBe(2);
  });
});

describe('the herd takes a VM to want', () => {
  const cases: readonly (readonly [
    what: string,
    Partial<PlannerHost>,
    Partial<PlannerVm>,
    number,
    string,
  ])[] = [
    ['what it uses', { cpuBusyCores: 1 }, { cpuBusyCores: 0.5 }, 0.5, 'web1 uses 0.5 cores'],
    [
      'all its vCPUs on a saturated host',
      { cpuBusyCores: 3.6 },
      { cpuBusyCores: 0.5 },
      2,
      'web1 is counted with 2 cores: it uses 0.5, but host1 is saturated and it may want all its vCPUs',
    ],
    [
      'all its vCPUs where its own use saturates the host',
      { cpus: 2 },
      { cpuBusyCores: 1.8 },
      2,
      'web1 is counted with 2 cores: it uses 1.8, but host1 is saturated and it may want all its vCPUs',
    ],
    [
      'what it uses, where its emulator uses more than its vCPUs',
      { cpuBusyCores: 4 },
      { cpuBusyCores: 2.5 },
      2.5,
      'web1 is counted with 2.5 cores: it uses 2.5, but host1 is saturated and it may want all its vCPUs',
    ],
    [
      'all its vCPUs where it was not measured',
      {},
      {},
      2,
      'web1 is counted with 2 cores: its use was not measured, and it may want all its vCPUs',
    ],
    [
      'all its vCPUs while it is off',
      {},
      { running: false },
      2,
      'web1 is counted with 2 cores: it does not run yet, and may want all its vCPUs',
    ],
  ];

  test.each(cases)('%s', (_what, hostFacts, vmFacts, cores, reason) => {
    const herd = new Herd({
      hosts: [host('host1', hostFacts)],
      vms: [vm('web1', { host: 'host1', ...vmFacts })],
      reservations: [],
    });
    const web1 = herd.vm('web1');
    expect(web1.demand.cores).toBe(cores);
    expect(demandReason(web1.facts, web1.demand)).toBe(reason);
  });
});

test('VMs are kept apart whichever of them says so', () => {
  const herd = new Herd({
    hosts: [],
    vms: [vm('db1'), vm('db2', { apartFrom: ['db1', 'db2', 'db9'] })],
    reservations: [],
  });
  expect(herd.vm('db1').apartFrom).toEqual([{ name: 'db2', vm: herd.vm('db2') }]);
  expect(herd.vm('db2').apartFrom.map(({ name }) => name)).toEqual(['db1', 'db9']);
});

test('every refusal code of the model has its filter, in the same order', () => {
  expect(filters.map(({ code }) => code)).toEqual(RefusalCode.options);
});

test('among equal hosts the first by name is chosen, whatever their order', () => {
  const weights = { cpuPressure: 1, cpuRoom: 0, memoryRoom: 0, vcpuRoom: 0, rules: 0 };
  for (const names of [
    ['host2', 'host10'],
    ['host10', 'host2'],
  ]) {
    const herd = new Herd({ hosts: names.map((name) => host(name)), vms: [vm('web1')], reservations: [] });
    expect(bestHost(herd, herd.vm('web1'), weights)?.name).toBe('host10');
  }
});

test('a VM called as a property of every object is not taken for an incompatible one', () => {
  const herd = new Herd({
    hosts: [host('host1', { cpuIncompatible: { web1: 'it lacks avx512f' } })],
    vms: [vm('constructor')],
    reservations: [],
  });
  const [host1] = herd.hosts;
  expect(host1 && fits(herd, herd.vm('constructor'), host1)).toBe(true);
});
