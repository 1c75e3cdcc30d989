/**
 * libvirt's control channel is cut while the reply to its last step is on its way, on storage without a lock: libvirt's
 * own migration ends with two running copies of the VM, Drover's with one.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { parse, stringify } from 'yaml';
import type { LifecycleEvent } from '../../activities/hosts/libvirt/client.ts';
import { startDrover } from '../../demo/drover-process.ts';
import { labHosts, labVm, sharedLab } from '../support/lab.ts';
import { knownOn, runningOn, virsh } from '../support/world.ts';
import { CutLine } from './cut-line.ts';
import { openHost } from './libvirt/lab-hosts.ts';

const [source, target] = labHosts();
const vm = labVm();
const management = sharedLab().config.datacenters[0]?.lan.management ?? '';

beforeEach(async () => sharedLab().up(), 120_000);
afterAll(async () => sharedLab().up(), 120_000);

/** A line from the source to the target that is cut at the target's event, for this test. */
async function lineCutAt(event: LifecycleEvent['event']): Promise<{ peerUri: string }> {
  await bringToSource();
  const line = await CutLine.to(target, management);
  const watcher = await openHost(target);
  await watcher.onLifecycle((seen) => {
    if (seen.domain.uuid === vm.uuid && seen.event === event) line.cut();
  });
  onTestFinished(async () => {
    await watcher.close();
    await line[Symbol.asyncDispose]();
  });
  return { peerUri: line.uri };
}

async function bringToSource(): Promise<void> {
  const [name] = await runningOn(labHosts(), vm.uuid);
  const at = labHosts().find((host) => host.name === name);
  if (!at || at.name === source.name) return;
  const how = ['--live', '--persistent', '--undefinesource', '--p2p', '--domain', vm.uuid];
  await virsh(at, 'migrate', ...how, source.uri, '--migrateuri', `tcp://${source.address}`);
}

/** The uptime that the VM's users see, read again and again until the answer is called. */
function watchUptime(): () => Promise<number[]> {
  const seen: number[] = [];
  const stop = new AbortController();
  const watching = (async () => {
    while (!stop.signal.aborted) {
      const response = await fetch(`http://${vm.address}/cgi-bin/up`, {
        headers: { connection: 'close' },
      }).catch(() => undefined);
      if (response) seen.push(Number.parseFloat(await response.text()));
    }
  })();
  return async () => {
    stop.abort();
    await watching;
    return seen;
  };
}

test('virsh migrate ends with two running copies', async () => {
  const { peerUri } = await lineCutAt('Resumed');
  const how = ['--live', '--persistent', '--undefinesource', '--p2p', '--domain', vm.uuid];
  const { exitCode } = await execa(
    'virsh',
    ['-q', '-c', source.virshUri, 'migrate', ...how, peerUri, '--migrateuri', `tcp://${target.address}`],
    { reject: false },
  );
  expect(exitCode).toBe(1);
  await expect
    .poll(() => runningOn([source, target], vm.uuid), { timeout: 60_000, interval: 500 })
    .toEqual([source.name, target.name]);
  await Promise.all([source, target].map((host) => virsh(host, 'destroy', '--domain', vm.uuid)));
}, 120_000);

test('Drover ends with one, which is the latest, and nothing is left at the source', async () => {
  const { peerUri } = await lineCutAt('Suspended');
  await using running = await startDrover(settingsWith(peerUri));
  const uptimes = watchUptime();
  const operation = await running.drover.start('migrateVm', { vm: vm.name, to: target.name });
  const result = await operation.result();
  const seen = await uptimes();
  expect(result).toMatchObject({ outcome: 'moved', from: source.name, to: target.name });
  expect(await runningOn([source, target], vm.uuid)).toEqual([target.name]);
  expect(await knownOn([source, target], vm.uuid)).toEqual([target.name]);
  expect(seen.length).toBeGreaterThan(5);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b)); // the guest's clock never went back
  console.log(`stood still, with the last reply lost: ${result.figures.standstillMs} ms`);
}, 120_000);

/** The lab's settings, but for the way on which other hosts reach the target. */
function settingsWith(peerUri: string): string {
  const settings = parse(readFileSync(sharedLab().droverYamlPath, 'utf8')) as {
    clusters: Record<string, { hosts: Record<string, object> }>;
  };
  for (const { hosts } of Object.values(settings.clusters))
    if (hosts[target.name])
      hosts[target.name] = { ...hosts[target.name], peerUri, migrateTo: target.address };
  const folder = mkdtempSync(join(tmpdir(), 'drover-lost-reply-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'drover.yaml');
  writeFileSync(file, stringify(settings));
  return file;
}
