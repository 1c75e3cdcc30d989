import { describe, expect, test } from 'vitest';
import type { Finding } from '../model/migrate-vm.ts';
import { RefusalCode } from '../model/placement.ts';
import type { VmDefinition, VmDisk } from '../model/vm-definition.ts';
import type { HostReport, ReportedVm } from '../model/inventory.ts';
import type { KnownHost } from './hosts/hosts.ts';
import {
  findingsOfCandidate,
  findingsOfRehearsal,
  findingsOfTarget,
  findingsOfVm,
  type VmCopy,
} from './migration-checks.ts';

const uuid = '9f0c7d2e-6f0b-4d0a-9a51-0d5bb6d1c7aa';
const otherUuid = '11111111-6f0b-4d0a-9a51-0d5bb6d1c7aa';

function host(name: string, sharedPaths: readonly string[] = []): KnownHost {
  const uri = `qemu+tcp://${name}/system`;
  return {
    address: { name, uri, peerUri: uri, migrateTo: name },
    cluster: 'berlin',
    datacenter: 'berlin',
    failureDomains: {},
    sharedPaths,
  };
}

function vm(facts: Partial<ReportedVm> = {}): ReportedVm {
  return {
    name: 'web1',
    uuid,
    state: 'running',
    stateReason: 'booted',
    persistent: true,
    memoryMiB: 128,
    vcpus: 1,
    ...facts,
  };
}

function definition(parts: Partial<VmDefinition> = {}): VmDefinition {
  return {
    uuid,
    name: 'web1',
    memoryMiB: 128,
    vcpus: 1,
    disks: [],
    networks: [],
    hostDevices: [],
    stateOutside: [],
    hasHiddenPassword: false,
    xml: '<domain/>',
    ...parts,
  };
}

function report(facts: Partial<HostReport> = {}): HostReport {
  return { uuid: 'host-1', hypervisor: 'QEMU 7.2.17', cpus: 2, memoryMiB: 2048, vms: [], ...facts };
}

const web1: VmCopy = { host: host('host1'), vm: vm() };
const told = (findings: readonly Finding[]): string[] =>
  findings.map(({ severity, code, message }) => `${severity} ${code}: ${message}`);
const ofVm = (parts: Partial<VmDefinition>, copy = web1): string[] =>
  told(findingsOfVm(copy, [copy], definition(parts), false));
const ofDisk = (disk: Partial<VmDisk>, sharedPaths: readonly string[] = []): string[] =>
  ofVm(
    { disks: [{ target: 'vda', device: 'disk', kind: 'file', ...disk }] },
    { host: host('host1', sharedPaths), vm: vm() },
  );

describe('of the VM', () => {
  test('nothing is found where nothing is wrong', () => {
    expect(ofVm({})).toEqual([]);
  });

  test('everything is told at once', () => {
    const off = { host: host('host1'), vm: vm({ state: 'off', stateReason: 'shutdown', persistent: false }) };
    const found = findingsOfVm(
      off,
      [off],
      definition({ hostDevices: ['pci device'], stateOutside: ['TPM'], hasHiddenPassword: true }),
      true,
    );
    expect(told(found)).toEqual([
      'error vmNotRunning: web1 is off (shutdown) on host1: only a VM that runs, or that a person has paused, is moved',
      'error vmBusy: web1 is being migrated already, not by this operation: wait for it or abort it',
      'error hostDevice: web1 uses a pci device, which stays on host1: detach it first',
      'warning transient: web1 has no lasting definition on host1; it gets one on the target',
      "warning secretsInDefinition: web1 has a graphics password: Drover does not read it, so it can't restore it",
      'warning stateOutsideDefinition: web1 keeps state in its TPM, which its definition does not hold',
    ]);
  });

  test('another copy is named with its host, its UUID and what to do', () => {
    const copies = [web1, { host: host('host2'), vm: vm({ state: 'off' }) }];
    expect(told(findingsOfVm(web1, copies, definition(), false))).toEqual([
      `error severalCopies: web1 is defined on host2 too (off, UUID ${uuid}): find out which is right; ` +
        `if the one on host2 is a leftover: virsh -c qemu+tcp://host2/system undefine ${uuid}`,
    ]);
    const simulated = host('host2');
    const address = { ...simulated.address, uri: 'sim://127.0.0.1:7400/host2' };
    const [found] = told(
      findingsOfVm(
        web1,
        [web1, { host: { ...simulated, address }, vm: vm({ state: 'off' }) }],
        definition(),
        false,
      ),
    );
    expect(found).toMatch(/leftover: npm run simulated -- person undefine web1 --host host2$/);
  });

  test('a second copy that is alive is named with both hosts, and nobody is told to undefine it', () => {
    const other = { host: host('host2'), vm: vm({ state: 'running' }) };
    const [found = ''] = told(findingsOfVm(web1, [web1, other], definition(), false));
    expect(found).toContain('running on host1 and running on host2');
    expect(found).toContain(`virsh -c qemu+tcp://host2/system destroy ${uuid}`);
    expect(found).not.toContain('undefine');
  });
});

describe('of a disk', () => {
  test('on the network, or an empty drive, nothing is found', () => {
    expect(ofDisk({ kind: 'network', source: 'nbd://10.78.0.200:10809/web1' })).toEqual([]);
    expect(ofDisk({ device: 'cdrom' })).toEqual([]);
  });

  test('that only its host reaches is named, with what to do', () => {
    expect(ofDisk({ source: '/srv/vms/a.img', path: '/srv/vms/a.img' })).toEqual([
      'error diskLocal: vda of web1 is /srv/vms/a.img on host1, which no other host is known to reach: put it on ' +
        'network storage; if that path is the same storage on every host, name it in clusters.berlin.sharedPaths',
    ]);
    expect(ofDisk({ kind: 'volume', source: 'volume web1 of pool fast' })[0]).toContain('error diskLocal');
  });

  test('that is a local medium can be ejected', () => {
    expect(ofDisk({ target: 'sda', device: 'cdrom', source: '/iso/a.iso', path: '/iso/a.iso' })).toEqual([
      'error localMedia: sda of web1 is /iso/a.iso on host1: eject it (virsh change-media web1 sda --eject), or keep it on shared storage',
    ]);
  });

  test.each([
    ['/srv/vms/a.img', ['/srv/vms'], true],
    ['/srv/vms/a.img', ['/srv/vms/'], true],
    ['/srv/vms/deep/a.img', ['/opt', '/srv'], true],
    ['/srv/vms2/a.img', ['/srv/vms'], false],
    ['/srv/vms/../../etc/a.img', ['/srv/vms'], false],
    ['/srv/vms', ['/srv/vms'], false],
  ])('%s with the shared paths %j: shared is %j', (path, sharedPaths, isShared) => {
    expect(ofDisk({ source: path, path }, sharedPaths)).toHaveLength(isShared ? 0 : 1);
  });
});

describe('of the target', () => {
  const ofTarget = (facts: Partial<HostReport>): string[] =>
    told(
      findingsOfTarget(web1, report(), { host: host('host2'), report: report({ uuid: 'host-2', ...facts }) }),
    );

  test('nothing is found where it is as the source, even when the VM is listed there', () => {
    expect(ofTarget({})).toEqual([]);
    expect(ofTarget({ vms: [vm({ state: 'off' })] })).toEqual([]);
  });

  test('the host UUID of the source', () => {
    expect(ofTarget({ uuid: 'host-1' })).toEqual([
      'error sameHostUuid: host2 and host1 have the same host UUID host-1: give each its own host_uuid in libvirtd.conf',
    ]);
  });

  test('the name or the UUID taken by another VM', () => {
    expect(ofTarget({ vms: [vm({ uuid: otherUuid }), vm({ name: 'db1' })] })).toEqual([
      `error nameTaken: host2 has another VM called web1 (UUID ${otherUuid}): rename one of them`,
      `error uuidTaken: host2 has a VM db1 with the UUID of web1 (${uuid})`,
    ]);
  });

  test.each([
    ['QEMU 7.2.9', true],
    ['QEMU 7.2', true],
    ['QEMU 6.10.99', true],
    ['QEMU 7.2.17', false],
    ['QEMU 7.10.0', false],
    ['QEMU 10.0.0', false],
  ])('%s: older is %j', (hypervisor, isOlder) => {
    const expected = `warning olderHypervisor: host2 runs ${hypervisor}, older than QEMU 7.2.17 of host1: such moves are often refused`;
    expect(ofTarget({ hypervisor })).toEqual(isOlder ? [expected] : []);
  });

  test('every refusal of the planner is an error with its own reason', () => {
    const filters = RefusalCode.options.map((code) => ({ code, passed: false, reason: `why ${code}` }));
    const found = findingsOfCandidate({
      host: 'host2',
      fits: false,
      filters: [...filters, { code: 'cpuShort', passed: true, reason: 'enough' }],
      scoreParts: [],
    });
    expect(found.map(({ severity }) => severity)).toEqual(filters.map(() => 'error'));
    expect(found.map(({ message }) => message)).toEqual(filters.map(({ reason }) => reason));
    expect(new Set(found.map(({ code }) => code)).size).toBe(filters.length);
  });

  test('what a rehearsal could not open, in the hypervisor’s words', () => {
    const missing = [
      { kind: 'disk' as const, name: 'vda', reason: 'Connection refused' },
      { kind: 'network' as const, name: 'br7', reason: "Cannot get interface MTU on 'br7'" },
    ];
    expect(told(findingsOfRehearsal('host2', missing))).toEqual([
      "error diskUnreachable: host2 can't open the disk vda: Connection refused",
      "error networkMissing: host2 has no network br7: Cannot get interface MTU on 'br7'",
    ]);
  });
});
