import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  Placement,
  PlannerHost,
  PlannerReservation,
  PlannerRule,
  PlannerVm,
  RefusalCode,
} from '../../model/placement.ts';
import { placeVm } from './planner.ts';
import { PlacementSettings } from './settings.ts';

/** A scenario file: hosts and VMs by name with what matters of them, the question, and what must come out. */
const Scenario = z.strictObject({
  what: z.string(),
  hosts: z.record(z.string(), PlannerHost.partial().omit({ name: true }).strict()),
  vms: z.record(z.string(), PlannerVm.partial().omit({ name: true }).strict()),
  reservations: z.array(PlannerReservation).default([]),
  rules: z.array(PlannerRule).default([]),
  settings: PlacementSettings.prefault({}),
  place: z.string(),
  to: z.string().optional(),
  expect: z.strictObject({
    /** All hosts, in the order of the answer. */
    order: z.array(z.string()),
    chosen: z.string().optional(),
    /** Whether the chosen host scores above the present one. */
    movingGains: z.boolean().optional(),
    reason: z.string(),
    /** Of each refused host, every rule that refuses it, in its words. */
    refused: z.record(z.string(), z.partialRecord(RefusalCode, z.string())),
  }),
});

const folder = join(import.meta.dirname, 'scenarios');

describe('placeVm', () => {
  test.each(readdirSync(folder).map((file) => [file.replace('.json', ''), join(folder, file)]))(
    'in the situation %s',
    (_name, file) => {
      const scenario = Scenario.parse(JSON.parse(readFileSync(file, 'utf8')));
      const placement = placeVm(
        {
          hosts: Object.entries(scenario.hosts).map(([name, host]) =>
            PlannerHost.parse({ ...aHost, ...host, name }),
          ),
          vms: Object.entries(scenario.vms).map(([name, vm]) => PlannerVm.parse({ ...aVm, ...vm, name })),
          reservations: scenario.reservations,
          rules: scenario.rules,
        },
        { vm: scenario.place, to: scenario.to, settings: scenario.settings },
      );
      const expected = scenario.expect;
      expect(refusalsOf(placement)).toEqual(expected.refused);
      expect(placement.candidates.map(({ host }) => host)).toEqual(expected.order);
      expect(placement.chosen).toBe(expected.chosen);
      expect(placement.reason).toBe(expected.reason);
      const gain = placement.gain === undefined ? undefined : placement.gain > 0;
      expect(gain).toBe(expected.movingGains);
      expect(Placement.parse(placement)).toEqual(placement);
    },
  );

  test('of a VM that the snapshot does not have is a bug of the caller', () => {
    expect(() => placeVm({ hosts: [], vms: [], reservations: [] }, { vm: 'web1' })).toThrow(
      'the snapshot has no VM web1',
    );
  });

  test('in a snapshot with a host twice is a bug of the caller', () => {
    const host = { ...aHost, name: 'host1' };
    const vm = { ...aVm, name: 'web1' };
    expect(() => placeVm({ hosts: [host, host], vms: [vm], reservations: [] }, { vm: 'web1' })).toThrow(
      'the snapshot has two hosts host1',
    );
  });

  test('of a VM whose host is not in the snapshot chooses none: its cluster is unknown', () => {
    const placement = placeVm(
      {
        hosts: [{ ...aHost, name: 'host1' }],
        vms: [{ ...aVm, name: 'web1', host: 'host9' }],
        reservations: [],
      },
      { vm: 'web1' },
    );
    expect(refusalsOf(placement)).toEqual({
      host1: { otherCluster: 'the cluster of web1 is unknown: host9, where it is, is not among the hosts' },
    });
  });

  test('without any host says so', () => {
    const vm = { ...aVm, name: 'web1' };
    expect(placeVm({ hosts: [], vms: [vm], reservations: [] }, { vm: 'web1' }).reason).toBe(
      'there is no host for web1',
    );
  });

  test('takes its limits and weights from the settings', () => {
    const snapshot = {
      hosts: [
        { ...aHost, name: 'host1' },
        { ...aHost, name: 'host2', memoryMiB: 512 },
      ],
      vms: [{ ...aVm, name: 'web1', host: 'host1' }],
      reservations: [],
    };
    const settings = PlacementSettings.parse({
      memoryOvercommit: 2,
      weights: { cpuPressure: 0, cpuRoom: 0, memoryRoom: 1, vcpuRoom: 0, rules: 0 },
    });
    const placement = placeVm(snapshot, { vm: 'web1', settings });
    expect(placement.chosen).toBe('host2');
    expect(placement.candidates[0]?.scoreParts.map(({ name }) => name)).toEqual(['memoryRoom']);
  });
});

describe('the settings of placement', () => {
  test('refuse weights that weigh nothing', () => {
    const weights = { cpuPressure: 0, cpuRoom: 0, memoryRoom: 0, vcpuRoom: 0, rules: 0 };
    expect(PlacementSettings.safeParse({ weights }).error?.issues[0]?.message).toBe('needs a weight above 0');
  });
});

const aHost = {
  cluster: 'berlin',
  datacenter: 'berlin',
  state: 'active' as const,
  cpus: 4,
  memoryMiB: 8192,
  failureDomains: {},
};

const aVm = { running: true, vcpus: 1, memoryMiB: 1024, networks: [], storage: [] };

function refusalsOf(placement: Placement): Record<string, Record<string, string>> {
  return Object.fromEntries(
    placement.candidates
      .filter(({ fits }) => !fits)
      .map(({ host, filters }) => [
        host,
        Object.fromEntries(filters.filter(({ passed }) => !passed).map(({ code, reason }) => [code, reason])),
      ]),
  );
}
