import { describe, expect, test } from 'vitest';
import type { PlannerHost, PlannerVm, Snapshot } from '../../model/placement.ts';
import { isStarved } from './starved.ts';

const thresholds = { hostBusyRatio: 0.9, vmShareOfHost: 0.25 };

function snapshotOf(host: Partial<PlannerHost>, vms: readonly Partial<PlannerVm>[]): Snapshot {
  return {
    hosts: [
      {
        name: 'host1',
        cluster: 'berlin',
        datacenter: 'berlin',
        state: 'active',
        cpus: 0.4,
        memoryMiB: 4096,
        failureDomains: {},
        ...host,
      },
    ],
    vms: vms.map((vm, index) => ({
      name: `web${index + 1}`,
      host: 'host1',
      running: true,
      vcpus: 1,
      memoryMiB: 512,
      networks: [],
      storage: [],
      ...vm,
    })),
    reservations: [],
  };
}

const cases: readonly (readonly [
  situation: string,
  snapshot: Snapshot,
  starved: boolean | undefined,
  reason: string,
])[] = [
  [
    'on a busy host with a large part in it',
    snapshotOf({ cpuBusyCores: 0.398 }, [{ cpuBusyCores: 0.36 }]),
    true,
    "web1 uses 0.36 of host1's 0.4 cores, and its VMs together use 0.398, from 0.36 on it is busy",
  ],
  [
    'exactly at both thresholds',
    snapshotOf({ cpuBusyCores: 0.36 }, [{ cpuBusyCores: 0.1 }]),
    true,
    "web1 uses 0.1 of host1's 0.4 cores, and its VMs together use 0.36, from 0.36 on it is busy",
  ],
  [
    'on a host with CPU to give',
    snapshotOf({ cpuBusyCores: 0.2 }, [{ cpuBusyCores: 0.19 }]),
    false,
    "web1 uses 0.19 of host1's 0.4 cores, but its VMs together use 0.2, less than 0.36",
  ],
  [
    'with a small part in a busy host',
    snapshotOf({ cpuBusyCores: 0.4 }, [{ cpuBusyCores: 0.05 }, { cpuBusyCores: 0.35 }]),
    false,
    "web1 uses 0.05 of host1's 0.4 cores, less than 0.1",
  ],
  ['that is off', snapshotOf({}, [{ running: false }]), false, 'web1 does not run'],
  [
    'that was not measured',
    snapshotOf({ cpuBusyCores: 0.4 }, [{}]),
    undefined,
    'how much CPU web1 uses was not measured',
  ],
  [
    'on a host that was not measured, with neighbours that were not either',
    snapshotOf({}, [{ cpuBusyCores: 0.2 }, {}]),
    undefined,
    "web1 uses 0.2 of host1's 0.4 cores, but whether host1 is busy is unknown: not all of its VMs were measured",
  ],
  [
    'that uses up the host by itself, whatever its neighbours use',
    snapshotOf({}, [{ cpuBusyCores: 0.39 }, {}]),
    true,
    "web1 uses 0.39 of host1's 0.4 cores, and its VMs together use at least 0.39, from 0.36 on it is busy",
  ],
  [
    'on a host that was not measured, with neighbours that were',
    snapshotOf({}, [{ cpuBusyCores: 0.2 }, { cpuBusyCores: 0.05 }, { running: false }]),
    false,
    "web1 uses 0.2 of host1's 0.4 cores, but its VMs together use 0.25, less than 0.36",
  ],
  [
    'on a host that does not answer',
    snapshotOf({ state: 'unreachable', cpuBusyCores: 0.4 }, [{ cpuBusyCores: 0.4 }]),
    undefined,
    'host1 does not answer: its load is unknown',
  ],
  [
    'that is listed on two hosts',
    snapshotOf({ cpuBusyCores: 0.4 }, [
      { cpuBusyCores: 0.4 },
      { name: 'web1', host: 'host0', cpuBusyCores: 0 },
    ]),
    undefined,
    'web1 is listed on host0 and host1: which one runs it is unknown',
  ],
  [
    'on no known host',
    snapshotOf({}, [{ host: 'host9', cpuBusyCores: 0.4 }]),
    undefined,
    'web1 is on no host that is known',
  ],
];

describe('isStarved: a VM', () => {
  test.each(cases)('%s', (_situation, snapshot, starved, reason) => {
    expect(isStarved(snapshot, 'web1', thresholds)).toEqual({ starved, reason });
  });

  test('that the snapshot does not have is a bug of the caller', () => {
    expect(() => isStarved(snapshotOf({}, []), 'web1', thresholds)).toThrow('the snapshot has no VM web1');
  });
});
