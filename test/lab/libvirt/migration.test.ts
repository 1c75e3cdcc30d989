import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { JobStatsFlag, MigrateFlag } from '../../../activities/hosts/libvirt/client.ts';
import type {
  DomainRef,
  JobStats,
  LibvirtClient,
  Unsubscribe,
} from '../../../activities/hosts/libvirt/client.ts';
import { rejection } from '../../../activities/hosts/libvirt/fake-daemon.ts';
import { labHosts, openHost } from './lab-hosts.ts';
import { MemoryNoise, sweep, tinyDomain } from './tiny-domain.ts';
import { virsh, virshTable } from './virsh.ts';

const [source, target] = labHosts();
const memory = new MemoryNoise();

describe('a live migration, held against virsh', () => {
  const made: string[] = [];
  const subscriptions: Unsubscribe[] = [];
  let atSource: LibvirtClient;
  let atTarget: LibvirtClient;
  /** A migration keeps a place at the host: it has a connection of its own. */
  let mover: LibvirtClient;

  async function start(): Promise<DomainRef> {
    const { uuid, xml } = tinyDomain({ memoryFrom: memory.path });
    made.push(uuid);
    return atSource.createDomain(xml);
  }

  function move(domain: DomainRef, options: { bandwidth?: number; flags?: number } = {}): Promise<void> {
    return mover.migrateToUri(domain, {
      destinationUri: target.uri,
      parameters: { migrate_uri: `tcp://${target.address}`, bandwidth: options.bandwidth },
      flags: MigrateFlag.live | MigrateFlag.peer2peer | (options.flags ?? 0),
    });
  }

  /** Watches a domain on both hosts: lines such as "source Suspended Migrated", in the order of their coming. */
  async function watch(uuid: string): Promise<string[]> {
    const seen: string[] = [];
    for (const [name, client] of [
      ['source', atSource],
      ['target', atTarget],
    ] as const) {
      subscriptions.push(
        await client.onLifecycle(({ domain, event, detail }) => {
          if (domain.uuid === uuid) seen.push(`${name} ${event} ${detail}`);
        }),
      );
    }
    return seen;
  }

  /** The job's statistics once it copies memory. */
  async function copying(domain: DomainRef): Promise<JobStats> {
    const stats = await atSource.jobStats(domain);
    return Number(stats.parameters['memory_processed'] ?? 0) > 0 ? stats : copying(domain);
  }

  beforeAll(async () => {
    [atSource, atTarget, mover] = await Promise.all([openHost(source), openHost(target), openHost(source)]);
    await Promise.all([atSource.capabilities(), atTarget.capabilities()]);
  }, 60_000);

  afterEach(async () => {
    for (const unsubscribe of subscriptions.splice(0)) await unsubscribe();
    for (const uuid of made.splice(0)) await sweep([atSource, atTarget], uuid);
  }, 60_000);

  afterAll(async () => {
    await Promise.all([atSource.close(), atTarget.close(), mover.close()]);
    memory[Symbol.dispose]();
  });

  it('moves a domain, tells it by events and leaves its statistics at the target', async () => {
    const domain = await start();
    const seen = await watch(domain.uuid);
    const jobs: Record<string, unknown>[] = [];
    const iterations: number[] = [];
    subscriptions.push(
      await atSource.onJobCompleted((event) => jobs.push(event.parameters), { domain }),
      await atSource.onMigrationIteration((event) => iterations.push(event.iteration), { domain }),
    );
    await move(domain);
    await expect.poll(() => seen, { timeout: 15_000 }).toContain('source Stopped Migrated');
    expect(seen.filter((line) => line.startsWith('source'))).toEqual([
      'source Suspended Migrated',
      'source Stopped Migrated',
    ]);
    expect(seen.filter((line) => line.startsWith('target'))).toEqual([
      'target Started Migrated',
      'target Resumed Migrated',
    ]);
    await expect.poll(() => jobs.length, { timeout: 15_000 }).toBe(1);
    expect(jobs[0]).toMatchObject({ operation: 5, memory_remaining: 0, memory_page_size: 4_096 });
    expect(iterations[0]).toBe(1);

    const moved = await atTarget.domainByUuid(domain.uuid);
    expect(await atTarget.domainState(moved)).toEqual({
      state: 'running',
      reason: 'migrated',
      reasonCode: 2,
    });
    expect((await virsh(target, 'domstate', '--reason', domain.uuid)).trim()).toBe('running (migrated)');
    expect(await rejection(atSource.domainByUuid(domain.uuid))).toMatchObject({ codeName: 'NO_DOMAIN' });

    const kept = JobStatsFlag.completed | JobStatsFlag.keepCompleted;
    const stats = await atTarget.jobStats(moved, kept);
    expect(stats.type).toBe('completed');
    const raw = await virshTable(
      target,
      'domjobinfo',
      domain.uuid,
      '--completed',
      '--keep-completed',
      '--rawstats',
    );
    const { operation, ...figures } = stats.parameters;
    expect(operation).toBe(4);
    for (const [name, value] of Object.entries(figures))
      expect(`${name}=${raw.get(name)}`).toBe(`${name}=${value}`);
    expect(Number(figures['memory_normal_bytes'])).toBeGreaterThanOrEqual(24 * 1_048_576);
  }, 60_000);

  it('shows its progress, takes other bounds on its way and ends when it is aborted', async () => {
    const domain = await start();
    expect(await atSource.jobStats(domain)).toEqual({ type: 'none', parameters: {} });
    expect(await atSource.jobInfo(domain)).toMatchObject({ type: 'none', memoryTotalBytes: 0 });
    expect(await rejection(atSource.abortJob(domain))).toMatchObject({ codeName: 'OPERATION_INVALID' });
    const seen = await watch(domain.uuid);
    const moving = rejection(move(domain, { bandwidth: 1 }));

    const stats = await copying(domain);
    expect(stats.type).toBe('unbounded');
    expect(stats.parameters).toMatchObject({ operation: 5, memory_page_size: 4_096 });
    const before = await virshTable(source, 'domjobinfo', domain.uuid, '--rawstats');
    const info = await atSource.jobInfo(domain);
    const after = await virshTable(source, 'domjobinfo', domain.uuid, '--rawstats');
    expect(info.type).toBe('unbounded');
    expect(info.memoryTotalBytes).toBe(Number(before.get('memory_total')));
    expect(info.memoryRemainingBytes).toBeLessThanOrEqual(Number(before.get('memory_remaining')));
    expect(info.memoryRemainingBytes).toBeGreaterThanOrEqual(Number(after.get('memory_remaining')));

    await atSource.setMaxDowntimeMs(domain, 654);
    expect(await atSource.getMaxDowntimeMs(domain)).toBe(654);
    expect((await virsh(source, 'migrate-getmaxdowntime', domain.uuid)).trim()).toBe('654');
    await atSource.setMigrationSpeedMiBps(domain, 2);
    expect(await atSource.getMigrationSpeedMiBps(domain)).toBe(2);
    expect((await virsh(source, 'migrate-getspeed', domain.uuid)).trim()).toBe('2');

    // A domain that is busy with a job doesn't hold the statistics up.
    const [own] = await atSource.domainStats({ domains: [domain] });
    expect(own?.stats).toMatchObject({ 'state.state': 1 });

    await atSource.abortJob(domain);
    expect(await moving).toMatchObject({
      codeName: 'OPERATION_ABORTED',
      message: "operation aborted: job 'migration out' canceled by client",
      procedure: 'DOMAIN_MIGRATE_PERFORM3_PARAMS',
    });
    expect(await atSource.domainState(domain)).toMatchObject({ state: 'running' });
    await expect.poll(() => seen, { timeout: 15_000 }).toContain('target Stopped Failed');
    expect((await atTarget.listDomains()).map(({ uuid }) => uuid)).not.toContain(domain.uuid);
  }, 60_000);

  it('leaves a domain paused at the target if it is told to', async () => {
    const domain = await start();
    await move(domain, { flags: MigrateFlag.paused });
    const moved = await atTarget.domainByUuid(domain.uuid);
    expect(await atTarget.domainState(moved)).toMatchObject({ state: 'paused', reason: 'user' });
    await atTarget.resumeDomain(moved);
    expect((await virsh(target, 'domstate', '--reason', domain.uuid)).trim()).toBe('running (unpaused)');
  }, 60_000);

  it('goes on when the caller gives it up: only an abort stops it', async () => {
    const domain = await start();
    const seen = await watch(domain.uuid);
    const giveUp = new AbortController();
    const reason = new Error('the caller has other things to do');
    const moving = rejection(
      mover.migrateToUri(
        domain,
        {
          destinationUri: target.uri,
          parameters: { migrate_uri: `tcp://${target.address}`, bandwidth: 8 },
          flags: MigrateFlag.live | MigrateFlag.peer2peer,
        },
        { signal: giveUp.signal },
      ),
    );
    await copying(domain);
    giveUp.abort(reason);
    expect(await moving).toBe(reason);
    // The connection goes on, and takes the late answer for what it is.
    await expect(mover.hostname()).resolves.toBe(await atSource.hostname());
    await expect.poll(() => seen, { timeout: 30_000 }).toContain('source Stopped Migrated');
    expect(await atTarget.domainState(await atTarget.domainByUuid(domain.uuid))).toMatchObject({
      state: 'running',
    });
    await expect(mover.hostname()).resolves.toBe(await atSource.hostname());
  }, 60_000);

  it('to a host that is not there fails in the words of libvirt and leaves the domain running', async () => {
    const domain = await start();
    const error = await rejection(
      mover.migrateToUri(domain, {
        destinationUri: `qemu+tcp://${target.address}:1/system`,
        flags: MigrateFlag.live | MigrateFlag.peer2peer,
      }),
    );
    expect(error).toMatchObject({
      name: 'LibvirtError',
      message: expect.stringContaining('Connection refused') as string,
    });
    expect(await atSource.domainState(domain)).toMatchObject({ state: 'running' });
  }, 60_000);

  it('takes no parameter that libvirt does not know', async () => {
    const domain = await start();
    const parameters = { migrate_url: 'tcp://nowhere' } as object;
    const error = await rejection(
      mover.migrateToUri(domain, { destinationUri: target.uri, parameters, flags: MigrateFlag.peer2peer }),
    );
    expect(error).toMatchObject({
      name: 'RangeError',
      message: '"migrate_url" is no parameter of a migration',
    });
  }, 60_000);
});
