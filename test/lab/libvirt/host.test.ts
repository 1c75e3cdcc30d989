import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ErrorCode, openLibvirt, unixTransport } from '../../../activities/hosts/libvirt/client.ts';
import type { LibvirtClient } from '../../../activities/hosts/libvirt/client.ts';
import { rejection } from '../../../activities/hosts/libvirt/fake-daemon.ts';
import { labHosts, openHost } from './lab-hosts.ts';
import { tinyDomain } from './tiny-domain.ts';
import { atRest, sorted, virsh, virshError, virshLines, virshTable } from './virsh.ts';

describe.each(labHosts())('$name, held against virsh', (host) => {
  let client: LibvirtClient;

  beforeAll(async () => {
    client = await openHost(host);
    await client.capabilities();
  }, 60_000);

  afterAll(async () => {
    await client.close();
  });

  it('says its name', async () => {
    await expect(client.hostname()).resolves.toBe(await virsh(host, 'hostname'));
  });

  it('says its versions', async () => {
    const versions = await virshTable(host, 'version', '--daemon');
    expect(await client.libVersion()).toBe(versions.get('Running against daemon'));
    expect(`QEMU ${await client.hypervisorVersion()}`).toBe(versions.get('Running hypervisor'));
  });

  it('says what it is made of', async () => {
    const before = await virshTable(host, 'nodeinfo');
    const info = await client.nodeInfo();
    const after = await virshTable(host, 'nodeinfo');
    expect({
      'CPU model': info.model,
      'CPU(s)': String(info.cpus),
      'CPU socket(s)': String(info.sockets),
      'Core(s) per socket': String(info.cores),
      'Thread(s) per core': String(info.threads),
      'NUMA cell(s)': String(info.nodes),
    }).toEqual(
      Object.fromEntries([...before].filter(([name]) => name !== 'CPU frequency' && name !== 'Memory size')),
    );
    // In a container these two may change from one call to the next.
    expect([before, after].map((table) => parseInt(table.get('CPU frequency') ?? '', 10))).toContain(
      info.mhz,
    );
    const memory = [before, after].map((table) => parseInt(table.get('Memory size') ?? '', 10));
    expect(info.memoryKiB).toBeGreaterThanOrEqual(Math.min(...memory) / 2);
    expect(info.memoryKiB).toBeLessThanOrEqual(Math.max(...memory) * 2);
  });

  it('says how much memory is free', async () => {
    const table = await virshTable(host, 'freecell');
    const virshBytes = parseInt(table.get('Total') ?? '', 10) * 1_024;
    const bytes = await client.freeMemoryBytes();
    // It changes all the time: the same unit and the same order of magnitude are what can be held.
    expect(bytes).toBeGreaterThan(virshBytes / 10);
    expect(bytes).toBeLessThan(virshBytes * 10);
  });

  it('says its capabilities', async () => {
    expect((await client.capabilities()).trimEnd()).toBe((await virsh(host, 'capabilities')).trimEnd());
    expect((await client.domainCapabilities()).trimEnd()).toBe(
      (await virsh(host, 'domcapabilities')).trimEnd(),
    );
    const kind = { arch: 'x86_64', machine: 'q35', virtType: 'qemu' };
    const asked = ['--arch', kind.arch, '--machine', kind.machine, '--virttype', kind.virtType];
    expect((await client.domainCapabilities(kind)).trimEnd()).toBe(
      (await virsh(host, 'domcapabilities', ...asked)).trimEnd(),
    );
  });

  it('compares CPUs', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'libvirt-cpu-'));
    const file = join(folder, 'cpu.xml');
    const own = /<cpu>[\s\S]*?<\/cpu>/.exec(await client.capabilities())?.[0] ?? '';
    const models = ['qemu64', 'Opteron_G5', 'Skylake-Server'].map(
      (model) => `<cpu mode='custom' match='exact'><model fallback='forbid'>${model}</model></cpu>`,
    );
    const words = {
      identical: 'is identical to',
      superset: 'superset of CPU described',
      incompatible: 'is incompatible with',
    };
    const hypervisorWords = {
      identical: 'is identical to the CPU provided by hypervisor',
      superset: 'The CPU provided by hypervisor on the host is a superset',
      incompatible: 'is incompatible with the CPU provided by hypervisor',
    };
    try {
      for (const cpuXml of [own, ...models]) {
        await writeFile(file, cpuXml);
        // virsh ends with a failure where the CPU is incompatible.
        const saidByVirsh = async (command: string): Promise<string> =>
          virsh(host, command, file).catch((error: unknown) => (error as { stdout: string }).stdout);
        const compared = await client.compareCpu(cpuXml);
        expect(compared).not.toBe('error');
        expect(await saidByVirsh('cpu-compare')).toContain(compared === 'error' ? '' : words[compared]);
        if (cpuXml === own) continue;
        const comparedByQemu = await client.compareHypervisorCpu({ cpuXml });
        expect(comparedByQemu).not.toBe('error');
        expect(await saidByVirsh('hypervisor-cpu-compare')).toContain(
          comparedByQemu === 'error' ? '' : hypervisorWords[comparedByQemu],
        );
      }
      const error = await rejection(client.compareCpu('<cpu><model>no such model</model></cpu>'));
      await writeFile(file, '<cpu><model>no such model</model></cpu>');
      expect(await virshError(host, 'cpu-compare', file)).toContain((error as Error).message);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('lists its interfaces and networks', async () => {
    const interfaceNames = async (): Promise<string[]> => {
      const table = await virsh(host, 'iface-list', '--all');
      const lines = table.split('\n').slice(2);
      return sorted(lines.map((line) => line.trim().split(/\s+/)[0] ?? ''));
    };
    const interfaces = await atRest(interfaceNames, async () => sorted(await client.interfaces()));
    expect(interfaces.client).toEqual(interfaces.virsh);
    const networks = await atRest(
      () => virshLines(host, 'net-list', '--all', '--name'),
      async () => sorted(await client.networks()),
    );
    expect(networks.client).toEqual(networks.virsh);
  });

  it('lists its domains, active or not', async () => {
    for (const field of ['name', 'uuid'] as const) {
      const domains = await atRest(
        () => virshLines(host, 'list', '--all', `--${field}`),
        async () => sorted((await client.listDomains()).map((domain) => domain[field])),
      );
      expect(domains.client).toEqual(domains.virsh);
    }
  });

  it("refuses in libvirt's own words", async () => {
    const lookups: [() => Promise<unknown>, number, string][] = [
      [() => client.domainByName('nobody'), ErrorCode.NO_DOMAIN, 'Domain not found: '],
      [() => client.storagePoolByName('nobody'), ErrorCode.NO_STORAGE_POOL, 'Storage pool not found: '],
      [() => client.volumeByPath('/nowhere/at/all'), ErrorCode.NO_STORAGE_VOL, 'Storage volume not found: '],
    ];
    for (const [lookUp, code, message] of lookups) {
      expect(await rejection(lookUp())).toMatchObject({
        name: 'LibvirtError',
        code,
        message: expect.stringContaining(message) as string,
      });
    }
    const folder = await mkdtemp(join(tmpdir(), 'libvirt-xml-'));
    const file = join(folder, 'domain.xml');
    try {
      await writeFile(file, '<domain>');
      const malformed = await rejection(client.createDomain('<domain>'));
      expect(malformed).toMatchObject({ codeName: 'XML_DETAIL', domainName: 'DOMAIN' });
      expect(await virshError(host, 'create', file)).toContain((malformed as Error).message);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('answers many calls at once', async () => {
    const names = await Promise.all(Array.from({ length: 100 }, () => client.hostname()));
    expect(new Set(names)).toEqual(new Set([await virsh(host, 'hostname')]));
  });

  it('lets a reader read and nothing else', async () => {
    await using reader = await openHost(host, { readOnly: true });
    await expect(reader.hostname()).resolves.toBe(await client.hostname());
    expect(await rejection(reader.createDomain(tinyDomain().xml))).toMatchObject({
      codeName: 'OPERATION_DENIED',
      message: 'operation forbidden: read only access prevents virDomainCreateXML',
    });
  });

  it('is reached by its unix socket too', async () => {
    await using local = await openLibvirt(unixTransport({ path: host.socket }));
    await expect(local.hostname()).resolves.toBe(await virsh(host, 'hostname'));
  });
});
