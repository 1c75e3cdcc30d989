import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CreateFlag, ErrorCode } from '../../../activities/hosts/libvirt/client.ts';
import type { LibvirtClient, StoragePoolRef } from '../../../activities/hosts/libvirt/client.ts';
import { rejection } from '../../../activities/hosts/libvirt/fake-daemon.ts';
import { labHosts, openHost } from './lab-hosts.ts';
import { sweep, tinyDomain } from './tiny-domain.ts';
import { atRest, sorted, virsh, virshLines, virshTable } from './virsh.ts';

const [host] = labHosts();

describe('storage, held against virsh', () => {
  let client: LibvirtClient;
  let folder: string;
  let name: string;

  function poolXml(): string {
    return `<pool type='dir'><name>${name}</name><target><path>${folder}</path></target></pool>`;
  }

  async function poolTable(): Promise<Map<string, string>> {
    return virshTable(host, 'pool-info', '--bytes', name);
  }

  async function volumeNames(): Promise<string[]> {
    const lines = (await virsh(host, 'vol-list', name)).split('\n').slice(2);
    return sorted(lines.map((line) => line.trim().split(/\s+/)[0] ?? '').filter((line) => line !== ''));
  }

  beforeAll(async () => {
    client = await openHost(host);
    folder = await mkdtemp(join(tmpdir(), 'libvirt-pool-'));
    name = folder.split('/').at(-1) ?? '';
  }, 60_000);

  afterAll(async () => {
    await client.close();
    await rm(folder, { recursive: true });
  });

  it('has pools that are defined, started, filled, stopped and undefined', async () => {
    const pool = await client.defineStoragePool(poolXml());
    try {
      expect(pool.uuid).toBe((await virsh(host, 'pool-uuid', name)).trim());
      expect(await client.storagePoolByName(name)).toEqual(pool);
      expect(await client.storagePoolByUuid(pool.uuid)).toEqual(pool);
      const names = await atRest(
        () => virshLines(host, 'pool-list', '--all', '--name'),
        async () => sorted((await client.storagePools()).map((each) => each.name)),
      );
      expect(names.client).toEqual(names.virsh);
      expect((await client.storagePoolInfo(pool)).state).toBe('inactive');
      expect((await poolTable()).get('State')).toBe('inactive');
      await client.buildStoragePool(pool);
      await client.startStoragePool(pool);
      await client.setStoragePoolAutostart(pool, true);
      expect((await poolTable()).get('Autostart')).toBe('yes');
      expect((await client.storagePoolXml(pool)).trimEnd()).toBe(
        (await virsh(host, 'pool-dumpxml', name)).trimEnd(),
      );
      await holdVolumes(pool);
      await client.destroyStoragePool(pool);
      expect((await poolTable()).get('State')).toBe('inactive');
    } finally {
      if ((await client.storagePoolInfo(pool)).state === 'running') await client.destroyStoragePool(pool);
      await client.undefineStoragePool(pool);
    }
    expect(await rejection(client.storagePoolByName(name))).toMatchObject({
      code: ErrorCode.NO_STORAGE_POOL,
    });
  });

  /** Volumes of a running pool: made, found, measured, resized and deleted. */
  async function holdVolumes(pool: StoragePoolRef): Promise<void> {
    const info = await client.storagePoolInfo(pool);
    const table = await poolTable();
    expect([info.state, info.capacityBytes, info.allocationBytes, info.availableBytes]).toEqual([
      table.get('State'),
      Number(table.get('Capacity')),
      Number(table.get('Allocation')),
      Number(table.get('Available')),
    ]);
    expect(await client.volumes(pool)).toEqual([]);

    const volumeXml =
      "<volume><name>disk.qcow2</name><capacity>5368709120</capacity><target><format type='qcow2'/></target></volume>";
    const volume = await client.createVolume(pool, volumeXml);
    const path = join(folder, 'disk.qcow2');
    expect(volume).toEqual({ pool: name, name: 'disk.qcow2', key: path });
    expect(await client.volumePath(volume)).toBe(path);
    expect(await client.volumeByPath(path)).toEqual(volume);
    expect(await client.volumeByName(pool, 'disk.qcow2')).toEqual(volume);
    expect(await client.storagePoolOfVolume(volume)).toEqual(pool);
    expect((await client.volumeXml(volume)).trimEnd()).toBe(
      (await virsh(host, 'vol-dumpxml', path)).trimEnd(),
    );

    await client.resizeVolume(volume, 6_442_450_944);
    const volumeInfo = await client.volumeInfo(volume);
    const volumeTable = await virshTable(host, 'vol-info', '--bytes', path);
    expect([
      volumeInfo.type,
      `${volumeInfo.capacityBytes} bytes`,
      `${volumeInfo.allocationBytes} bytes`,
    ]).toEqual([volumeTable.get('Type'), volumeTable.get('Capacity'), volumeTable.get('Allocation')]);
    expect(volumeInfo.capacityBytes).toBe(6_442_450_944);

    await writeFile(join(folder, 'raw.img'), Buffer.alloc(8_192));
    await client.refreshStoragePool(pool);
    expect(sorted((await client.volumes(pool)).map((each) => each.name))).toEqual(['disk.qcow2', 'raw.img']);
    expect(await volumeNames()).toEqual(['disk.qcow2', 'raw.img']);
    await client.deleteVolume(volume);
    expect(await rejection(client.volumeByPath(path))).toMatchObject({ code: ErrorCode.NO_STORAGE_VOL });
    expect(await volumeNames()).toEqual(['raw.img']);
  }

  it('has pools that are there only while they run', async () => {
    const pool = await client.createStoragePool(poolXml());
    expect((await poolTable()).get('Persistent')).toBe('no');
    await client.destroyStoragePool(pool);
    expect(await rejection(client.storagePoolByName(name))).toMatchObject({
      code: ErrorCode.NO_STORAGE_POOL,
    });
  });

  it('grows under a running domain', async () => {
    const pool = await client.createStoragePool(poolXml());
    const xml =
      "<volume><name>live.qcow2</name><capacity>1048576</capacity><target><format type='qcow2'/></target></volume>";
    const volume = await client.createVolume(pool, xml);
    const { xml: domainXml, uuid } = tinyDomain({ disk: volume.key });
    try {
      const domain = await client.createDomain(domainXml, CreateFlag.paused);
      await client.resizeDomainDisk(domain, 'vda', 4_194_304);
      const table = await virshTable(host, 'domblkinfo', uuid, 'vda');
      expect(table.get('Capacity')).toBe('4194304');
      await client.refreshStoragePool(pool);
      expect(await client.volumeInfo(volume)).toMatchObject({ type: 'file', capacityBytes: 4_194_304 });
    } finally {
      await sweep([client], uuid);
      await client.deleteVolume(volume);
      await client.destroyStoragePool(pool);
    }
  });
});
