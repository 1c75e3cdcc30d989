/** Where a survey says a VM is, for what one and two hosts list of it. */
import { expect, test } from 'vitest';
import type { ReportedVm, VmState } from '../model/inventory.ts';
import { sightingsOf } from './sightings.ts';
import type { Survey } from './survey.ts';

interface Listed {
  readonly host: string;
  readonly state?: VmState;
  readonly name?: string;
  readonly uuid?: string;
}

function surveyOf(listed: readonly Listed[]): Survey {
  const answered = [...Map.groupBy(listed, ({ host }) => host)].map(([host, vms]) => ({
    host: {
      address: { name: host, uri: '', peerUri: '', migrateTo: '' },
      cluster: 'berlin',
      datacenter: 'berlin',
      failureDomains: {},
      sharedPaths: [],
    },
    report: {
      uuid: host,
      hypervisor: 'QEMU',
      cpus: 4,
      memoryMiB: 4096,
      vms: vms.map(({ state = 'running', name = 'web1', uuid = 'u1' }): ReportedVm => ({
        name,
        uuid,
        state,
        stateReason: '',
        persistent: true,
        memoryMiB: 1,
        vcpus: 1,
      })),
    },
  }));
  return { answered, silent: [] };
}

test.each<[situation: string, listed: Listed[], host: string | undefined, skipped: number]>([
  ['on one host', [{ host: 'host1' }], 'host1', 0],
  ['off on one host', [{ host: 'host1', state: 'off' }], 'host1', 0],
  ['while it moves', [{ host: 'host2', state: 'migratingIn' }, { host: 'host1' }], 'host1', 0],
  ['with a leftover', [{ host: 'host1', state: 'off' }, { host: 'host2' }], 'host2', 0],
  [
    'paused, with a leftover',
    [
      { host: 'host1', state: 'off' },
      { host: 'host2', state: 'paused' },
    ],
    'host2',
    0,
  ],
  ['running twice', [{ host: 'host1' }, { host: 'host2' }], undefined, 1],
  [
    'off twice',
    [
      { host: 'host1', state: 'off' },
      { host: 'host2', state: 'crashed' },
    ],
    undefined,
    1,
  ],
  ['only being filled', [{ host: 'host2', state: 'migratingIn' }], undefined, 1],
  ['with a name that is never acted on', [{ host: 'host1', name: '--all' }], undefined, 1],
  ['with the name of another', [{ host: 'host1' }, { host: 'host2', uuid: 'u2' }], undefined, 2],
])('a VM %s', (_, listed, host, skipped) => {
  const { seen, skipped: counted } = sightingsOf(surveyOf(listed));
  expect(seen.map((one) => one.host)).toEqual(host === undefined ? [] : [host]);
  expect(counted).toBe(skipped);
});
