/** The limits of every check, from both sides. */
import { expect, test } from 'vitest';
import type { ReportedVm } from '../../model/inventory.ts';
import type { KnownHost } from '../hosts/hosts.ts';
import { checkNames, namesOf } from './check-names.ts';
import { hindrance } from './check-peers.ts';
import { samplesOf } from './check-storage.ts';
import { judgeCertificates } from './judge-certificates.ts';
import { judgeClock, judgeClocks } from './judge-clocks.ts';
import { lackingFeatures } from './judge-cpus.ts';
import { judgeFence } from './judge-fence.ts';
import { judgeKeepalive, trialMs } from './judge-keepalive.ts';
import { judgeNetworks } from './judge-networks.ts';
import { judgeRetention, judgeSearchAttributes, judgeWorkers } from './judge-temporal.ts';
import { storagesOf } from './look-at-host.ts';
import { judgeVersion, versionsFinding } from './tested-versions.ts';

const host = (name: string): KnownHost => ({
  address: {
    name,
    uri: `qemu+tls://${name}.dc/system`,
    peerUri: `qemu+tls://${name}.san/system`,
    migrateTo: '10.0.0.1',
  },
  cluster: 'main',
  datacenter: 'dc1',
  failureDomains: {},
  sharedPaths: ['/srv/vms'],
});
const vm = (name: string, state: ReportedVm['state'] = 'running', memoryMiB = 512): ReportedVm => ({
  name,
  uuid: `uuid-of-${name}`,
  state,
  stateReason: 'booted',
  persistent: true,
  memoryMiB,
  vcpus: 1,
});
const report = (vms: ReportedVm[], networks?: string[]) => ({
  uuid: 'h',
  hypervisor: 'QEMU 7.2.22',
  cpus: 4,
  memoryMiB: 2048,
  ...(networks ? { networks } : {}),
  vms,
});

test.each([
  [1999, 'ok'],
  [-1999, 'ok'],
  [2001, 'warning'],
  [-29_999, 'warning'],
  [30_001, 'error'],
  [-40_000, 'error'],
])('a clock that is %s ms off is %s', (offsetMs, status) => {
  expect(judgeClock('host1', { offsetMs, uncertaintyMs: 0 }).status).toBe(status);
});

test('what may be due to the way there and back is not held against a clock', () => {
  expect(judgeClock('host1', { offsetMs: 2500, uncertaintyMs: 600 }).status).toBe('ok');
  const late = judgeClock('host1', { offsetMs: -3000, uncertaintyMs: 600 });
  expect(late).toMatchObject({ status: 'warning', message: expect.stringContaining('3.0 s behind') });
});

test('of the clocks of a cluster the two are told that differ most', () => {
  const readings = new Map([
    ['host1', { offsetMs: 1500, uncertaintyMs: 5 }],
    ['host2', { offsetMs: 0, uncertaintyMs: 5 }],
    ['host3', { offsetMs: -1500, uncertaintyMs: 5 }],
  ]);
  expect(judgeClocks('main', readings)).toMatchObject({
    subject: 'cluster main',
    status: 'warning',
    message: expect.stringMatching(/host3 and host1 are 3\.0 s apart/),
  });
  expect(judgeClocks('main', new Map([['host1', { offsetMs: 9, uncertaintyMs: 1 }]]))).toBeUndefined();
});

test.each([
  [30_100, 'ok'],
  [32_400, 'ok'],
  [32_600, 'error'],
  [undefined, 'error'],
  [16_000, 'ok'],
  [14_900, 'warning'],
])('with keepaliveSeconds 30, a connection that is dropped after %s ms is %s', (droppedAfterMs, status) => {
  const finding = judgeKeepalive('host1', droppedAfterMs, 30);
  expect(finding.status).toBe(status);
  expect(finding.advice?.includes('keepalive_interval') ?? false).toBe(status !== 'ok');
});

test('a trial of keepalive outlasts what is still accepted', () => {
  for (const seconds of [1, 4, 30, 300])
    expect(judgeKeepalive('host1', trialMs(seconds), seconds).status).toBe('error');
});

test.each([
  ['libvirt', '9.0.0', 'ok'],
  ['libvirt', '9.10.0', 'warning'],
  ['libvirt', '8.0.0', 'warning'],
  ['libvirt', '5.6.0', 'error'],
  ['QEMU', '7.2.22', 'ok'],
  ['QEMU', '10.0.2', 'warning'],
  ['QEMU', '4.1.0', 'error'],
  ['Temporal server', '1.29.1', 'ok'],
] as const)('%s %s is %s', (program, version, status) => {
  expect(judgeVersion(program, version).status).toBe(status);
});

test('the worst of several versions counts, and each is told', () => {
  expect(versionsFinding('host1', { libvirt: '10.0.0', QEMU: '4.1.0' })).toMatchObject({
    status: 'error',
    message:
      'libvirt 10.0.0 is untested: it is newer than what was tested (9.0); QEMU 4.1.0 is older than 4.2, which Drover needs',
  });
});

test('a network that a VM of the cluster uses, and a host lacks, is an error of that host with the VMs', () => {
  const [first, second, third] = judgeNetworks([
    {
      host: host('host1'),
      report: report([], ['br0', 'dmz']),
      vms: [{ name: 'web1', networks: ['br0', 'dmz'] }],
    },
    { host: host('host2'), report: report([], ['br0']), vms: [{ name: 'web2', networks: ['br0'] }] },
    { host: host('host3'), report: report([]), vms: [] },
  ]);
  expect(first?.status).toBe('ok');
  expect(second).toMatchObject({ status: 'error', message: 'it lacks dmz, which web1 uses' });
  expect(third?.status).toBe('notChecked');
});

test('one VM is tried for each storage, and none for a disk that is not shared', () => {
  const disks = (...paths: string[]) => ({
    disks: paths.map((path) => ({ target: 'vda', device: 'disk' as const, kind: 'file' as const, path })),
  });
  expect(storagesOf(disks('/srv/vms/a.img', '/var/lib/b.img', '/srv/vms2/c.img'), ['/srv/vms'])).toEqual([
    '/srv/vms',
  ]);
  const looked = (name: string, vms: { name: string; storages: string[] }[]) => ({
    host: host(name),
    answeredAfterMs: 1,
    report: report([]),
    cpu: '',
    vms: vms.map((one) => ({ ...one, uuid: one.name, networks: [], findings: [] })),
  });
  const samples = samplesOf([
    looked('host1', [
      { name: 'a', storages: ['nbd://s1'] },
      { name: 'b', storages: ['nbd://s1'] },
    ]),
    looked('host2', [{ name: 'c', storages: ['nbd://s1', '/srv/vms'] }]),
  ]);
  expect(samples.map(({ vm: { name }, storages }) => [name, storages])).toEqual([
    ['a', ['nbd://s1']],
    ['c', ['/srv/vms']],
  ]);
});

test('no trial on a host that a VM is just moved to or from, nor on one without room', () => {
  const look = (name: string, vms: ReportedVm[]) => ({ host: host(name), report: report(vms) });
  const idle = look('host1', [vm('a')]);
  const other = look('host2', [vm('b')]);
  expect(hindrance([idle, other], idle, other)).toBeUndefined();
  const target = look('host3', [vm('a', 'migratingIn')]);
  expect(hindrance([idle, other, target], other, target)).toBe('a is being moved');
  expect(hindrance([idle, other, target], idle, other)).toBe('a is being moved');
  const full = look('host4', [vm('c', 'running', 2000), vm('d', 'off', 4000)]);
  expect(hindrance([idle, full], idle, full)).toMatch(/host4 has 48 MiB .* needs 128/);
});

test('names are told with the settings in which they stand; addresses are none', async () => {
  expect(namesOf(host('host1').address)).toEqual([
    { name: 'host1.dc', settings: ['uri'] },
    { name: 'host1.san', settings: ['peerUri'] },
  ]);
  const known =
    (...names: string[]) =>
    async (name: string) => {
      if (!names.includes(name)) throw Object.assign(new Error('no'), { code: 'ENOTFOUND' });
    };
  const { address } = host('host1');
  expect((await checkNames(address, known('host1.dc', 'host1.san'))).status).toBe('ok');
  expect(await checkNames(address, known('host1.dc'))).toMatchObject({
    status: 'warning',
    message: 'host1.san (peerUri) does not resolve here: ENOTFOUND',
  });
  expect((await checkNames(address, known('host1.san'))).status).toBe('error');
  expect(
    namesOf({
      ...address,
      uri: 'qemu+tcp://[fd00::1]/system',
      peerUri: 'qemu+tcp://10.0.0.2/system',
      migrateTo: '[fd00::1]',
    }),
  ).toEqual([]);
});

test.each([
  [31, 'ok'],
  [29, 'warning'],
  [-1, 'error'],
])('a certificate that is valid for %s more days is %s', (days, status) => {
  const now = new Date('2026-05-01T12:00:00Z');
  const until = (more: number) => new Date(now.getTime() + more * 86_400_000 + 1000);
  const finding = judgeCertificates(
    'host1',
    [
      { what: "the host's certificate", name: 'CN=host1', expires: until(400) },
      { what: "Drover's own certificate", name: '/etc/own.pem', expires: until(days) },
    ],
    now,
  );
  expect(finding.status).toBe(status);
  expect(finding.message.includes('/etc/own.pem')).toBe(status !== 'ok');
});

test('a device that says off of a host that answers is that of another machine', () => {
  const judge = (power: 'on' | 'off', answers: boolean) =>
    judgeFence('host1', { agent: 'fence_redfish' }, { power }, answers);
  expect(judge('on', true).status).toBe('ok');
  expect(judge('on', false).status).toBe('ok');
  expect(judge('off', false).status).toBe('ok');
  expect(judge('off', true)).toMatchObject({
    status: 'error',
    message: expect.stringContaining('another machine'),
  });
});

test('the features that a CPU lacks are named, and its model where that is another', () => {
  const cpu = (model: string, ...features: string[]) =>
    `<capabilities><host><cpu><model>${model}</model>${features.map((name) => `<feature name="${name}"/>`).join('')}</cpu></host></capabilities>`;
  expect(lackingFeatures(cpu('Skylake', 'avx512f', 'aes'), cpu('Skylake', 'aes'))).toEqual([
    'it does not name the features avx512f',
  ]);
  expect(lackingFeatures(cpu('Skylake'), cpu('EPYC'))).toEqual(['its model is EPYC, theirs Skylake']);
  expect(lackingFeatures('simulated', 'other')).toEqual([]);
});

test('Temporal: retention, search attributes and workers', () => {
  expect(judgeRetention(1, 30, 'default')).toMatchObject({
    status: 'warning',
    advice: expect.stringContaining('--retention 30d'),
  });
  expect(judgeRetention(30, 30, 'default').status).toBe('ok');
  const wanted = { DroverVm: 'Keyword', DroverNeedsOperator: 'Bool' } as const;
  expect(judgeSearchAttributes({ DroverVm: 2, DroverNeedsOperator: 5 }, wanted, 'default').status).toBe('ok');
  expect(judgeSearchAttributes({ DroverVm: 2 }, wanted, 'default')).toMatchObject({
    status: 'error',
    advice: expect.stringContaining('--name DroverNeedsOperator --type Bool'),
  });
  expect(judgeSearchAttributes({ DroverVm: 1, DroverNeedsOperator: 5 }, wanted, 'default').status).toBe(
    'error',
  );
  expect(judgeWorkers('drover', []).status).toBe('error');
  expect(judgeWorkers('drover', ['1@a'])).toMatchObject({
    status: 'warning',
    advice: expect.stringContaining('two'),
  });
  expect(judgeWorkers('drover', ['1@a', '1@b']).status).toBe('ok');
});
