import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AffectFlag, CreateFlag, StatsGroup, XmlFlag } from '../../../activities/hosts/libvirt/client.ts';
import type { DomainRef, LibvirtClient, LifecycleEvent } from '../../../activities/hosts/libvirt/client.ts';
import { rejection } from '../../../activities/hosts/libvirt/fake-daemon.ts';
import { labHosts, openHost } from './lab-hosts.ts';
import { sweep, tinyDomain } from './tiny-domain.ts';
import { virsh, virshError, VirshEvents, virshTable } from './virsh.ts';

const [host] = labHosts();

describe('a domain, held against virsh', () => {
  const made: string[] = [];
  let client: LibvirtClient;

  function describeTiny(): ReturnType<typeof tinyDomain> {
    const tiny = tinyDomain();
    made.push(tiny.uuid);
    return tiny;
  }

  /** What virsh says of its state: the last two words of `domstate --reason`. */
  async function stateByVirsh({ uuid }: DomainRef): Promise<string> {
    return (await virsh(host, 'domstate', '--reason', uuid)).trim();
  }

  /** The same in our words. */
  async function stateByClient(domain: DomainRef): Promise<string> {
    const { state, reason } = await client.domainState(domain);
    const virshNames = new Map([
      ['shutoff', 'shut off'],
      ['shutdown', 'in shutdown'],
    ]);
    return `${virshNames.get(state) ?? state} (${reason})`;
  }

  async function sameState(domain: DomainRef, expected: string): Promise<void> {
    expect(await stateByClient(domain)).toBe(expected);
    expect(await stateByVirsh(domain)).toBe(expected);
  }

  beforeAll(async () => {
    client = await openHost(host);
    await client.capabilities();
  }, 60_000);

  afterEach(async () => {
    for (const uuid of made.splice(0)) await sweep([client], uuid);
  });

  afterAll(async () => {
    await client.close();
  });

  it('that is transient lives and is gone', async () => {
    const { name, uuid, xml } = describeTiny();
    const domain = await client.createDomain(xml);
    expect(domain).toMatchObject({ name, uuid });
    expect(String(domain.id)).toBe(await virsh(host, 'domid', name));
    expect(await client.domainByName(name)).toEqual(domain);
    expect(await client.domainByUuid(uuid)).toEqual(domain);
    expect(await client.listDomains()).toContainEqual(domain);
    await sameState(domain, 'running (booted)');
    expect(await client.isPersistent(domain)).toBe(false);
    await client.suspendDomain(domain);
    await sameState(domain, 'paused (user)');
    await client.resumeDomain(domain);
    await sameState(domain, 'running (unpaused)');
    await client.resetDomain(domain);
    await client.rebootDomain(domain);
    await client.shutdownDomain(domain);
    await client.destroyDomain(domain);
    const gone = await rejection(client.domainByUuid(uuid));
    expect(gone).toMatchObject({ codeName: 'NO_DOMAIN' });
    expect(await rejection(client.domainState(domain))).toMatchObject({ codeName: 'NO_DOMAIN' });
    expect((await client.listDomains()).map((listed) => listed.uuid)).not.toContain(uuid);
  });

  it('that is defined can be started, stopped and undefined', async () => {
    const { name, uuid, xml } = describeTiny();
    const defined = await client.defineDomain(xml);
    expect(defined).toEqual({ name, uuid, id: -1 });
    await sameState(defined, 'shut off (unknown)');
    const running = await client.startDomain(defined, CreateFlag.paused);
    expect(running.id).toBeGreaterThan(0);
    await sameState(running, 'paused (user)');
    const table = await virshTable(host, 'dominfo', uuid);
    expect(await client.isPersistent(running)).toBe(table.get('Persistent') === 'yes');
    expect(await client.autostart(running)).toBe(table.get('Autostart') === 'enable');
    const info = await client.domainInfo(running);
    expect(info).toMatchObject({ state: 'paused', vcpus: Number(table.get('CPU(s)')) });
    expect([`${info.maxMemoryKiB} KiB`, `${info.memoryKiB} KiB`]).toEqual([
      table.get('Max memory'),
      table.get('Used memory'),
    ]);
    expect(info.cpuTimeNs).toBeGreaterThan(0);
    await client.destroyDomain(running);
    await sameState(running, 'shut off (destroyed)');
    await client.undefineDomain(running);
    expect(await virshError(host, 'dominfo', uuid)).toContain(`failed to get domain '${uuid}'`);
  });

  it('starts with its host if it is told to', async () => {
    const domain = await client.defineDomain(describeTiny().xml);
    for (const autostart of [true, false]) {
      await client.setAutostart(domain, autostart);
      expect(await client.autostart(domain)).toBe(autostart);
      const table = await virshTable(host, 'dominfo', domain.uuid);
      expect(table.get('Autostart')).toBe(autostart ? 'enable' : 'disable');
    }
  });

  it('has the XML that virsh shows', async () => {
    const domain = await client.createDomain(describeTiny().xml, CreateFlag.paused);
    const variants: [number, string[]][] = [
      [0, []],
      [XmlFlag.inactive, ['--inactive']],
      [XmlFlag.updateCpu, ['--update-cpu']],
      [XmlFlag.migratable, ['--migratable']],
    ];
    for (const [flags, args] of variants) {
      const shown = await virsh(host, 'dumpxml', domain.uuid, ...args);
      expect((await client.domainXml(domain, flags)).trimEnd()).toBe(shown.trimEnd());
    }
  });

  it('keeps metadata', async () => {
    const domain = await client.createDomain(describeTiny().xml, CreateFlag.paused);
    const uri = 'https://example.org/drover';
    const place = { kind: 'element', uri } as const;
    expect(await rejection(client.domainMetadata(domain, place))).toMatchObject({
      codeName: 'NO_DOMAIN_METADATA',
    });
    await client.setDomainMetadata(
      domain,
      { ...place, key: 'drover', metadata: "<lease epoch='7'/>" },
      AffectFlag.live,
    );
    const kept = await client.domainMetadata(domain, place, AffectFlag.live);
    expect(kept).toBe('<lease epoch="7"/>');
    expect(kept.trim()).toBe((await virsh(host, 'metadata', domain.uuid, '--uri', uri)).trim());
    await client.setDomainMetadata(domain, { kind: 'title', metadata: 'a title' }, AffectFlag.live);
    expect((await virsh(host, 'desc', '--title', domain.uuid)).trim()).toBe('a title');
    expect(await client.domainMetadata(domain, { kind: 'title' })).toBe('a title');
    await client.setDomainMetadata(domain, { ...place, key: 'drover', metadata: undefined }, AffectFlag.live);
    expect(await rejection(client.domainMetadata(domain, place))).toMatchObject({
      codeName: 'NO_DOMAIN_METADATA',
    });
  });

  it('passes commands on to its QEMU', async () => {
    const domain = await client.createDomain(describeTiny().xml, CreateFlag.paused);
    const command = '{"execute":"query-status"}';
    const answer = JSON.parse(await client.qemuMonitorCommand(domain, command)) as { return: unknown };
    expect(answer.return).toMatchObject({ running: false, status: 'prelaunch' });
    const shown = JSON.parse(await virsh(host, 'qemu-monitor-command', domain.uuid, command)) as {
      return: unknown;
    };
    expect(answer.return).toEqual(shown.return);
    expect(await client.qemuMonitorCommand(domain, 'info status', 1)).toMatch(/^VM status: paused/);
  });

  it('is destroyed with the connection that created it, if that was asked for', async () => {
    const other = await openHost(host);
    const domain = await other.createDomain(describeTiny().xml, CreateFlag.paused | CreateFlag.autodestroy);
    const stopped = new Promise<LifecycleEvent>((resolve) => {
      void client.onLifecycle(
        (event) => {
          if (event.event === 'Stopped') resolve(event);
        },
        { domain },
      );
    });
    await client.hostname();
    await other.close();
    expect((await stopped).domain.uuid).toBe(domain.uuid);
    expect((await client.listDomains()).map(({ uuid }) => uuid)).not.toContain(domain.uuid);
  });

  it('has the statistics that virsh shows', async () => {
    const domain = await client.createDomain(describeTiny().xml, CreateFlag.paused);
    const off = await client.defineDomain(describeTiny().xml);
    const shown = async (): Promise<Map<string, string>> => {
      const output = await virsh(host, 'domstats', '--nowait', domain.uuid);
      return new Map(
        output
          .split('\n')
          .slice(1)
          .map((line) => line.trim().split('=') as [string, string]),
      );
    };
    const before = await shown();
    const [own, ...none] = await client.domainStats({ domains: [domain] });
    const after = await shown();
    expect(none).toEqual([]);
    expect(own?.domain).toEqual(domain);
    expect(Object.keys(own?.stats ?? {})).toEqual([...before.keys()]);
    for (const [name, value] of Object.entries(own?.stats ?? {})) {
      const text = typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);
      const [low, high] = [Number(before.get(name)), Number(after.get(name))];
      // What stands still must be the same; what grows must lie between what virsh saw before and after.
      const agrees =
        before.get(name) === text ||
        after.get(name) === text ||
        (Number(text) >= low && Number(text) <= high);
      expect({ name, text, agrees, before: before.get(name), after: after.get(name) }).toMatchObject({
        agrees: true,
      });
    }
    const all = await client.domainStats({ groups: StatsGroup.state });
    expect(all.map((each) => each.domain.uuid)).toEqual(expect.arrayContaining([domain.uuid, off.uuid]));
    expect(all.find((each) => each.domain.uuid === off.uuid)?.stats).toEqual({
      'state.state': 5,
      'state.reason': 0,
    });
  });

  it('tells its life by the events that virsh shows', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'libvirt-events-'));
    await using shown = new VirshEvents(host, 'lifecycle');
    const seen: string[] = [];
    const unsubscribe = await client.onLifecycle(({ domain, event, detail }) => {
      seen.push(`event 'lifecycle' for domain '${domain.name}': ${event} ${detail}`);
    });
    try {
      // virsh doesn't say when it listens: knock until it hears.
      const knock = describeTiny();
      const heard = (): boolean => shown.lines.some((line) => line.includes(knock.name));
      while (!heard()) {
        await client.undefineDomain(await client.defineDomain(knock.xml));
        await client.hostname();
      }
      const { name, xml } = describeTiny();
      const file = join(folder, 'domain.xml');
      await writeFile(file, xml);
      const domain = await client.defineDomain(xml);
      await client.startDomain(domain, CreateFlag.paused);
      await client.resumeDomain(domain);
      await virsh(host, 'suspend', name);
      await virsh(host, 'reset', name);
      await virsh(host, 'destroy', name);
      await virsh(host, 'define', file);
      await client.undefineDomain(domain);
      const mine = (lines: readonly string[]): string[] =>
        lines.filter((line) => line.includes(name)).map((line) => line.trim());
      await expect.poll(() => mine(shown.lines).at(-1), { timeout: 15_000 }).toContain('Undefined Removed');
      await expect.poll(() => mine(seen).at(-1), { timeout: 15_000 }).toContain('Undefined Removed');
      expect(mine(seen)).toEqual(mine(shown.lines));
      expect(mine(seen).map((line) => line.replace(/^.*: /, ''))).toEqual(
        expect.arrayContaining([
          'Defined Added',
          'Resumed Unpaused',
          'Suspended Paused',
          'Stopped Destroyed',
        ]),
      );
    } finally {
      await unsubscribe();
      await rm(folder, { recursive: true });
    }
  });
});
