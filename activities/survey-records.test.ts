/** What a survey says to records, and what it does not say again. */
import { beforeEach, expect, test } from 'vitest';
import type { HostRecord, LetGoOfHost } from '../model/host-record.ts';
import type { ReportedVm, VmState } from '../model/inventory.ts';
import type { SurveyCounts } from '../model/survey.ts';
import type { SeeVm, VmRecord } from '../model/vm-record.ts';
import type { HostDriver, HostSession } from './hosts/driver.ts';
import { HostRefused, HostUnreachable } from './hosts/errors.ts';
import { Hosts, type KnownHost } from './hosts/hosts.ts';
import { Looks } from './looks.ts';
import { RecordSurvey, type SurveyOptions } from './survey-records.ts';

/** What the hosts have: by their names, VMs with their definitions. `undefined`: no answer. */
let world: Record<string, Record<string, { state?: VmState; xml?: string }> | undefined>;
let now: Date;
/** What the records were told. */
let sights: SeeVm[];
let reads: string[];
let madeHosts: string[];
let records: Map<string, VmRecord>;
beforeEach(() => {
  world = { host1: { web1: {} }, host2: {} };
  now = new Date('2026-11-24T10:00:00.000Z');
  sights = [];
  reads = [];
  madeHosts = [];
  records = new Map();
});

const known = (name: string): KnownHost => ({
  address: { name, uri: `sim://127.0.0.1:1/${name}`, peerUri: '', migrateTo: '' },
  cluster: 'berlin',
  datacenter: 'berlin',
  failureDomains: {},
  sharedPaths: [],
});

const driver: HostDriver = {
  async open({ name }) {
    const vms = world[name];
    if (!vms) throw new HostUnreachable(name, 'open', new Error('no route'));
    const session: Partial<HostSession> = {
      host: name,
      report: async () => ({
        uuid: name,
        hypervisor: 'QEMU',
        cpus: 4,
        memoryMiB: 4096,
        vms: Object.entries(vms).map(([vm, { state = 'running' }]): ReportedVm => ({
          name: vm,
          uuid: vm,
          state,
          stateReason: state === 'running' ? 'booted' : '',
          persistent: true,
          memoryMiB: 1,
          vcpus: 1,
        })),
      }),
      definition: async (uuid) => {
        const vm = world[name]?.[uuid];
        if (!world[name]) throw new HostUnreachable(name, 'definition', new Error('gone'));
        if (!vm)
          throw new HostRefused(
            name,
            'definition',
            { class: 'permanent', code: 'NO_DOMAIN', text: 'no such domain' } as never,
            undefined,
          );
        const xml = vm.xml ?? `<domain>${uuid}</domain>`;
        return { xml } as never;
      },
      [Symbol.asyncDispose]: async () => undefined,
    };
    return session as HostSession;
  },
};

const asked: SurveyOptions['records'] = {
  readVm: async (vm) => {
    reads.push(vm);
    return records.get(vm);
  },
  see: async (request) => {
    sights.push(request);
    const { vm, seen, xml } = request;
    const before = records.get(vm) ?? { vm, epoch: 0, queue: [], operations: [] };
    records.set(vm, { ...before, seen, ...(xml === undefined ? {} : { definition: { xml, at: seen.at } }) });
  },
  readHost: async (host) => (madeHosts.includes(host) ? ({ host } as HostRecord) : undefined),
  letGo: async ({ host }: LetGoOfHost) => void madeHosts.push(host),
};

/** A worker that has told nothing yet. */
function worker(): () => Promise<SurveyCounts> {
  const hosts = new Hosts(
    {
      hosts: ['host1', 'host2'].map(known),
      vms: {},
      starved: { hostBusyRatio: 1, vmShareOfHost: 1 },
    } as never,
    driver,
  );
  const survey = new RecordSurvey(hosts, new Looks(hosts), 10_000);
  return () => survey.run('berlin', { records: asked, now: () => now });
}

const later = (minutes: number): void => void (now = new Date(now.getTime() + minutes * 60_000));

test('the first makes the records of hosts and VMs, with the definition', async () => {
  expect(await worker()()).toEqual({ hosts: 2, silent: 0, vms: 1, created: 3, skipped: 0, failed: 0 });
  expect(madeHosts).toEqual(['host1', 'host2']);
  expect(sights).toEqual([
    {
      vm: 'web1',
      seen: {
        uuid: 'web1',
        host: 'host1',
        state: 'running',
        stateReason: 'booted',
        at: '2026-11-24T10:00:00.000Z',
      },
      xml: '<domain>web1</domain>',
    },
  ]);
});

test('what has not changed is said again only after an hour', async () => {
  const survey = worker();
  await survey();
  later(5);
  expect(await survey()).toMatchObject({ vms: 1, created: 0 });
  expect(sights).toHaveLength(1);
  later(55);
  await survey();
  expect(sights).toHaveLength(2);
  expect(sights[1]).toMatchObject({ xml: '<domain>web1</domain>' });
});

test('a changed state is said at once, without the definition; a changed definition with it', async () => {
  const survey = worker();
  await survey();
  world['host1'] = { web1: { state: 'paused' } };
  await survey();
  expect(sights[1]).toMatchObject({ seen: { state: 'paused' } });
  expect(sights[1]?.xml).toBeUndefined();
  world['host1'] = { web1: { state: 'paused', xml: '<domain>more memory</domain>' } };
  await survey();
  expect(sights[2]).toMatchObject({ xml: '<domain>more memory</domain>' });
});

test('another worker reads what the records have, and says nothing that they know', async () => {
  await worker()();
  later(5);
  const other = worker();
  expect(await other()).toMatchObject({ vms: 1, created: 0 });
  await other();
  expect(reads).toEqual(['web1', 'web1']);
  expect(sights).toHaveLength(1);
});

test('nothing is said of a VM whose host is silent, nor of what it left elsewhere', async () => {
  const survey = worker();
  await survey();
  world = { host1: undefined, host2: { web1: { state: 'off' } } };
  expect(await survey()).toMatchObject({ silent: 1, vms: 0, skipped: 1 });
  expect(sights).toHaveLength(1);
  // Where it runs, it is.
  world = { host1: undefined, host2: { web1: {} } };
  expect(await survey()).toMatchObject({ silent: 1, vms: 1 });
  expect(sights[1]).toMatchObject({ seen: { host: 'host2' } });
});

test('a record that can’t be asked keeps no other from being told; with too many the survey fails', async () => {
  const vms = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`web${at}`, {}]));
  world = { host1: vms, host2: {} };
  const { see } = asked;
  let broken = (vm: string): boolean => vm === 'web3';
  const survey = worker();
  const restore = (): void => void Object.assign(asked, { see });
  Object.assign(asked, {
    see: async (request: SeeVm) => {
      if (broken(request.vm)) throw new Error(`${request.vm} does not answer`);
      await see(request);
    },
  });
  try {
    expect(await survey()).toMatchObject({ vms: 29, failed: 1 });
    broken = () => true;
    later(60);
    await expect(survey()).rejects.toThrow('does not answer');
  } finally {
    restore();
  }
});

test('it ends when it is asked to', async () => {
  const hosts = new Hosts({ hosts: [known('host1')], vms: {} } as never, driver);
  const survey = new RecordSurvey(hosts, new Looks(hosts));
  const signal = AbortSignal.abort(new Error('the worker stops'));
  await expect(survey.run('berlin', { records: asked, signal })).rejects.toThrow('the worker stops');
  expect(sights).toEqual([]);
});
