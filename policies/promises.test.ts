/** What the planners promise for every herd, not only for those that someone thought of. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FilterVerdict, PlannerHost, PlannerVm, Snapshot } from '../model/placement.ts';
import { bestHost } from './engine/choose.ts';
import { fits, verdictsOf } from './engine/filters.ts';
import { Herd } from './engine/herd.ts';
import { scoreOf } from './engine/scores.ts';
import { placeVm } from './placement/planner.ts';
import { defaultPlacementSettings } from './placement/settings.ts';

const hostNames = ['host1', 'host2', 'host3', 'host4', 'host5'];
const vmNames = ['web1', 'web2', 'db1', 'db2', 'constructor', 'app1', 'app2', 'app3'];
const weights = defaultPlacementSettings.weights;

/** Cores as they are measured: no round numbers. */
const cores = (max: number): fc.Arbitrary<number> => fc.double({ min: 0, max, noNaN: true });
const mostly = <T>(usual: T, ...others: T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(usual) }, ...others.map((other) => fc.constant(other)));
const namesOf = (names: readonly string[]): fc.Arbitrary<string[]> => fc.subarray([...names]);

const aHost = (name: string): fc.Arbitrary<PlannerHost> =>
  fc.record(
    {
      name: fc.constant(name),
      cluster: mostly('berlin', 'paris'),
      datacenter: fc.constant('berlin'),
      state: mostly<PlannerHost['state']>('active', 'maintenance', 'failed', 'fenced', 'unreachable'),
      cpus: fc.oneof(
        fc.constantFrom(0.4, 1, 2, 4),
        cores(8).map((some) => some + 0.1),
      ),
      memoryMiB: fc.integer({ min: 512, max: 16_384 }),
      cpuBusyCores: cores(8),
      failureDomains: fc.constant({}),
      networks: fc.constantFrom(['br-a', 'br-b'], ['br-a']),
      storage: fc.constantFrom(['nbd://san'], ['nbd://san', 'nbd://old']),
      cpuIncompatible: mostly<Record<string, string>>({}, { web1: 'it lacks avx512f' }),
    },
    {
      requiredKeys: ['name', 'cluster', 'datacenter', 'state', 'cpus', 'memoryMiB', 'failureDomains'],
    },
  );

const aVm = (name: string): fc.Arbitrary<PlannerVm> =>
  fc.record(
    {
      name: fc.constant(name),
      host: fc.constantFrom(...hostNames, 'host9'),
      running: mostly(true, false),
      vcpus: fc.integer({ min: 1, max: 4 }),
      memoryMiB: fc.integer({ min: 64, max: 4096 }),
      cpuBusyCores: cores(4),
      networks: mostly<string[]>(['br-a'], ['br-b'], []),
      storage: mostly<string[]>(['nbd://san'], ['nbd://old'], []),
      avoid: namesOf(hostNames.slice(0, 2)),
      apartFrom: namesOf(vmNames.slice(0, 4)),
    },
    { requiredKeys: ['name', 'running', 'vcpus', 'memoryMiB', 'networks', 'storage'] },
  );

const aSnapshot: fc.Arbitrary<Snapshot> = fc.record({
  hosts: fc.tuple(...hostNames.map(aHost)),
  vms: fc
    .tuple(...vmNames.map(aVm), fc.option(aVm('db2'), { nil: undefined }))
    .map((vms) => vms.filter((vm) => vm !== undefined))
    // db2 may be listed twice, as while it moves, but no host lists a VM twice.
    .filter((vms) => new Set(vms.map(({ name, host }) => `${name} ${host}`)).size === vms.length),
  reservations: fc.array(
    fc.record({
      operation: fc.constant('migrateVm'),
      host: fc.constantFrom(...hostNames, 'host9'),
      vm: fc.constantFrom(...vmNames, 'app9'),
      memoryMiB: fc.integer({ min: 64, max: 4096 }),
      cpuCores: cores(4),
    }),
    { maxLength: 4 },
  ),
});
const rulesOfRoom = new Set<FilterVerdict['code']>(['tooFewCpus', 'memoryShort', 'cpuShort']);
const aVmName = fc.constantFrom(...vmNames);

/** The use of every host. */
const usageOf = (herd: Herd): unknown =>
  herd.hosts.map(({ name, used, vms }) => [name, { ...used }, [...vms].map((vm) => vm.name).toSorted()]);

describe('the placement planner', () => {
  test('never chooses a host that a filter refuses', () => {
    fc.assert(
      fc.property(
        aSnapshot,
        aVmName,
        fc.option(fc.constantFrom(...hostNames), { nil: undefined }),
        (herd, vm, to) => {
          const { chosen, candidates } = placeVm(herd, { vm, to });
          const choice = candidates.find(({ host }) => host === chosen);
          expect(choice?.filters.filter(({ passed }) => !passed) ?? []).toEqual([]);
          expect([undefined, to ?? chosen]).toContain(chosen);
        },
      ),
    );
  });

  test('chooses a host whenever one passes every filter, and none that scores below another', () => {
    fc.assert(
      fc.property(aSnapshot, aVmName, (snapshot, vm) => {
        const { chosen, candidates } = placeVm(snapshot, { vm });
        const fitting = candidates.filter(({ filters }) => filters.every(({ passed }) => passed));
        expect(chosen === undefined).toBe(fitting.length === 0);
        const best = fitting.length === 0 ? undefined : Math.max(...fitting.map(({ score }) => score ?? 0));
        expect(fitting.find(({ host }) => host === chosen)?.score).toBe(best);
      }),
    );
  });

  test('does not depend on the order of hosts, VMs or reservations', () => {
    const shuffled = aSnapshot.chain((snapshot) =>
      fc.tuple(
        fc.constant(snapshot),
        fc.record({
          hosts: fc.shuffledSubarray(snapshot.hosts, { minLength: snapshot.hosts.length }),
          vms: fc.shuffledSubarray(snapshot.vms, { minLength: snapshot.vms.length }),
          reservations: fc.shuffledSubarray(snapshot.reservations, {
            minLength: snapshot.reservations.length,
          }),
        }),
      ),
    );
    fc.assert(
      fc.property(shuffled, aVmName, ([snapshot, other], vm) => {
        expect(placeVm(other, { vm })).toEqual(placeVm(snapshot, { vm }));
      }),
    );
  });

  test('does not give up the chosen host when it gets more memory', () => {
    fc.assert(
      fc.property(aSnapshot, aVmName, fc.integer({ min: 1, max: 65_536 }), (snapshot, vm, more) => {
        const { chosen } = placeVm(snapshot, { vm });
        fc.pre(chosen !== undefined);
        const hosts = snapshot.hosts.map((host) =>
          host.name === chosen ? { ...host, memoryMiB: host.memoryMiB + more } : host,
        );
        expect(placeVm({ ...snapshot, hosts }, { vm }).chosen).toBe(chosen);
      }),
    );
  });

  test('leaves the snapshot as it was', () => {
    fc.assert(
      fc.property(aSnapshot, aVmName, (snapshot, vm) => {
        const before = structuredClone(snapshot);
        const herd = new Herd(snapshot);
        for (const host of herd.hosts) herd.place(herd.vm(vm), host);
        placeVm(snapshot, { vm });
        expect(snapshot).toEqual(before);
      }),
    );
  });

  test('scores every part, and the whole, from 0 to 1', () => {
    fc.assert(
      fc.property(aSnapshot, aVmName, (snapshot, vm) => {
        for (const { score, scoreParts } of placeVm(snapshot, { vm }).candidates) {
          for (const value of [score ?? 0, ...scoreParts.map((part) => part.value)]) {
            expect(value).toBeGreaterThanOrEqual(0);
            expect(value).toBeLessThanOrEqual(1);
          }
        }
      }),
    );
  });
});

describe('the engine', () => {
  test('never lets a planner put two VMs apart from each other on one host, nor more on it than it has', () => {
    fc.assert(
      fc.property(aSnapshot, (snapshot) => {
        const herd = new Herd({ ...snapshot, vms: snapshot.vms.map((vm) => ({ ...vm, running: false })) });
        for (const vm of herd.vms) {
          const host = bestHost(herd, vm, weights);
          if (host) herd.place(vm, host);
        }
        for (const { facts, used, vms } of herd.hosts.filter((host) => host.vms.size > 0)) {
          const names = new Set([...vms].map(({ name }) => name));
          for (const vm of vms)
            expect(
              (vm.facts.apartFrom ?? []).filter((other) => other !== vm.name && names.has(other)),
            ).toEqual([]);
          expect(used.memoryMiB).toBeLessThanOrEqual(facts.memoryMiB);
          expect(facts.state).toBe('active');
        }
      }),
    );
  });

  test('gives the fast answer that the explained one gives, after any moves', () => {
    const moves = fc.array(fc.tuple(aVmName, fc.nat({ max: hostNames.length - 1 })), { maxLength: 6 });
    fc.assert(
      fc.property(aSnapshot, moves, (snapshot, steps) => {
        const herd = new Herd(snapshot);
        for (const [name, index] of steps) {
          const host = herd.hosts[index];
          if (host) herd.place(herd.vm(name), host);
        }
        for (const vm of herd.vms) {
          for (const host of herd.hosts) {
            const explained = verdictsOf(herd, vm, host).every(({ passed }) => passed);
            expect(fits(herd, vm, host)).toBe(explained);
          }
        }
      }),
    );
  });

  test('chooses without words the host that the planner explains', () => {
    fc.assert(
      fc.property(aSnapshot, aVmName, (snapshot, vm) => {
        const herd = new Herd(snapshot);
        expect(bestHost(herd, herd.vm(vm), weights)?.name).toBe(placeVm(snapshot, { vm }).chosen);
      }),
    );
  });

  test('shows in its numbers why memory and vCPUs fall short', () => {
    fc.assert(
      fc.property(aSnapshot, aVmName, (snapshot, vm) => {
        for (const { filters } of placeVm(snapshot, { vm }).candidates) {
          const ofRoom = filters.filter(({ code }) => rulesOfRoom.has(code));
          expect(ofRoom).toHaveLength(rulesOfRoom.size);
          for (const { passed, measured, needed } of ofRoom) {
            expect(passed).toBe((measured ?? Number.NaN) >= (needed ?? Number.NaN));
          }
        }
      }),
    );
  });

  test('uses after a VM was placed and removed what it used before, to the last bit', () => {
    fc.assert(
      fc.property(aSnapshot, aVmName, (snapshot, name) => {
        const herd = new Herd(snapshot);
        const vm = herd.vm(name);
        const home = vm.home;
        const before = usageOf(herd);
        for (const host of herd.hosts) herd.place(vm, host);
        if (home) herd.place(vm, home);
        else herd.remove(vm);
        expect(usageOf(herd)).toEqual(before);
      }),
    );
  });

  test('uses after a move what it would have been built with', () => {
    fc.assert(
      fc.property(aSnapshot, aVmName, fc.constantFrom(...hostNames), (snapshot, name, to) => {
        // Demands are estimated where a VM is measured: given by the snapshot alone, they stay with it.
        const measured = {
          ...snapshot,
          hosts: snapshot.hosts.map(({ cpuBusyCores: _busy, ...host }) => ({ ...host, cpus: 100 })),
          vms: snapshot.vms.slice(0, vmNames.length).map((vm) => ({ ...vm, running: true })),
        };
        const moved = {
          ...measured,
          vms: measured.vms.map((vm) => (vm.name === name ? { ...vm, host: to } : vm)),
        };
        const herd = new Herd(measured);
        const target = herd.findHost(to);
        if (target) herd.place(herd.vm(name), target);
        expect(usageOf(herd)).toEqual(usageOf(new Herd(moved)));
      }),
    );
  });

  test('scores a VM on its present host as if it came there from nowhere', () => {
    fc.assert(
      fc.property(aSnapshot, aVmName, (snapshot, name) => {
        const herd = new Herd(snapshot);
        const vm = herd.vm(name);
        const home = vm.home;
        fc.pre(home !== undefined);
        const there = scoreOf(herd, vm, home, weights);
        herd.remove(vm);
        expect(scoreOf(herd, vm, home, weights)).toBe(there);
      }),
    );
  });
});
