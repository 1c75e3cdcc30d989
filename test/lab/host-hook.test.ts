/**
 * Drover's hook on real hosts, put there by its installer: what comes too late is refused by libvirt itself, and nothing
 * else is.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { HostAddress, HostSession } from '../../activities/hosts/driver.ts';
import { HostRefused } from '../../activities/hosts/errors.ts';
import { libvirtDriver } from '../../activities/hosts/libvirt-driver.ts';
import type { LabHost } from '../../lab/lab.ts';
import { waitFor } from '../../lab/wait.ts';
import type { VmDefinition } from '../../model/vm-definition.ts';
import { labHosts } from '../support/lab.ts';
import { stateOn } from '../support/world.ts';
import { GuestFiles } from './contract/guest-files.ts';
import { guestNamed } from './contract/guest.ts';

const [target, source] = labHosts();
const hosts = [source, target];
const installer = join(import.meta.dirname, '../../host-hook/install.sh');
const hook = '/etc/libvirt/hooks/qemu.d/50-drover';
const driver = libvirtDriver({ keepaliveSeconds: 8, callTimeoutMs: 60_000, tls: source.tls });
const files = new GuestFiles();
const before = new Map<LabHost, string[]>();

const libvirtdOf = ({ socket }: LabHost): number =>
  Number(readFileSync(join(dirname(socket), 'libvirtd.pid'), 'utf8'));

/** Runs a command among the host's own files, as its root would. */
async function on(host: LabHost, ...command: string[]): Promise<string> {
  const { stdout } = await execa('nsenter', ['--target', `${libvirtdOf(host)}`, '--mount', ...command]);
  return stdout;
}

/** Where the hook and its records lie. */
function filesOf({ socket }: LabHost): string[] {
  const host = join(dirname(socket), '../..');
  return ['etc', 'lib']
    .flatMap((folder) =>
      readdirSync(join(host, folder), { recursive: true, encoding: 'utf8' }).map(
        (path) => `${folder}/${path}`,
      ),
    )
    .filter((path) => /hook/.test(path))
    .toSorted();
}

beforeAll(async () => {
  for (const host of hosts) {
    // What an earlier run that was killed may have left.
    await on(host, installer, '--uninstall');
    before.set(host, filesOf(host));
    await on(host, installer);
    process.kill(libvirtdOf(host), 'SIGHUP');
    await untilCalled(host);
  }
}, 120_000);

afterAll(async () => {
  for (const host of hosts) await on(host, installer, '--uninstall');
  files[Symbol.dispose]();
});

/** libvirt reloads in a thread of its own; once it has called the hook, it has. */
async function untilCalled(host: LabHost): Promise<void> {
  await using session = await driver.open(addressOf(host));
  const first = guestNamed(`hooked-${process.pid}-first`, files);
  await session.define(first);
  await waitFor('libvirt to call the hook', 60, async () => {
    await session.start(first.uuid);
    await session.destroy(first.uuid);
    const seen = await on(host, installer, '--check');
    return seen.includes('called it last') ? { value: true } : { seen };
  });
  await session.undefine(first.uuid);
}

let vm: VmDefinition;
let atSource: HostSession;
let atTarget: HostSession;
let guests = 0;

beforeEach(async () => {
  vm = guestNamed(`hooked-${process.pid}-${++guests}`, files);
  [atSource, atTarget] = await Promise.all([driver.open(addressOf(source)), driver.open(addressOf(target))]);
});

afterEach(async () => {
  for (const session of [atSource, atTarget]) {
    for (const order of ['destroy', 'undefine'] as const)
      await session[order](vm.uuid).catch((error: unknown) => {
        if (!(error instanceof HostRefused)) throw error;
      });
    await session[Symbol.asyncDispose]();
  }
});

function addressOf({ name, uri, address }: LabHost): HostAddress {
  return { name, uri, peerUri: uri, migrateTo: address };
}

/** Defined at a host with this epoch. */
async function defined(session: HostSession, epoch?: number): Promise<void> {
  await session.define(vm);
  if (epoch !== undefined) await session.markEpoch(vm.uuid, epoch);
}

const move = (): Promise<void> => atSource.migrate(vm.uuid, { to: addressOf(target), keepsDefinition: true });
const seenAt = async (host: LabHost): Promise<string> => on(host, hook, 'show', vm.uuid);

describe('the hook', () => {
  test('is known to libvirt after a reload, and unchanged', async () => {
    for (const host of hosts)
      expect(await on(host, installer, '--check')).toMatch(/unchanged[^]*libvirt called it last at/);
  });

  test('refuses the start of a definition that is older than what the host has seen', async () => {
    await defined(atSource, 9);
    await atSource.start(vm.uuid);
    await atSource.destroy(vm.uuid);
    await defined(atSource, 5);
    const refusal: unknown = await atSource.start(vm.uuid).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'HOOK_SCRIPT_FAILED', class: 'superseded' });
    expect((refusal as Error).message).toContain(`stale epoch 5 < 9: ${vm.name} was acted on since`);
    expect(await stateOn(source, vm.uuid)).toMatch(/^shut off/);
    await on(source, hook, 'forget', vm.uuid);
    await atSource.start(vm.uuid);
    expect(await seenAt(source)).toBe(`${vm.uuid} 5`);
  });

  test.each([9, 10, undefined])('lets a start with epoch %s through where 9 was seen', async (epoch) => {
    await on(source, hook, 'raise', vm.uuid, '9');
    await defined(atSource, epoch);
    await atSource.start(vm.uuid);
    expect(await seenAt(source)).toBe(`${vm.uuid} ${epoch ?? 9}`);
  });

  test.each([
    ['stale', 19, /stale epoch 19 < 20/, 'superseded'],
    ['unmarked', undefined, /carries no epoch, and this host has seen epoch 20/, 'elsewhere'],
  ] as const)('refuses a VM that comes %s: it runs on at the source', async (_, epoch, words, kind) => {
    await on(target, hook, 'raise', vm.uuid, '20');
    await defined(atSource, epoch);
    await atSource.start(vm.uuid);
    const refusal: unknown = await move().catch((error: unknown) => error);
    expect(refusal).toMatchObject({ class: kind });
    expect((refusal as Error).message).toMatch(words);
    expect(await stateOn(source, vm.uuid)).toBe('running (booted)');
    expect(await stateOn(target, vm.uuid)).toBeUndefined();
    expect(await seenAt(target)).toBe(`${vm.uuid} 20`);
  });

  test.each([20, 21])('lets a VM come with epoch %i where 20 was seen', async (epoch) => {
    await on(target, hook, 'raise', vm.uuid, '20');
    await defined(atSource, epoch);
    await atSource.start(vm.uuid);
    await move();
    expect(await stateOn(target, vm.uuid)).toBe('running (migrated)');
    expect(await seenAt(target)).toBe(`${vm.uuid} ${epoch}`);
  });

  test('learns at the source with which epoch the VM left, so that what it was before starts there no more', async () => {
    await defined(atSource, 1);
    const { xml, ...rest } = await atSource.definition(vm.uuid);
    await atSource.start(vm.uuid);
    await atSource.markEpoch(vm.uuid, 2);
    await move();
    expect(await seenAt(source)).toBe(`${vm.uuid} 2`);
    await atSource.define({ ...rest, xml });
    await expect(atSource.start(vm.uuid)).rejects.toThrow('stale epoch 1 < 2');
    expect(await stateOn(target, vm.uuid)).toBe('running (migrated)');
  });
});

test('taken off, the hosts are as before, and refuse nothing', async () => {
  await on(source, hook, 'raise', vm.uuid, '9');
  for (const host of hosts) {
    await on(host, installer, '--uninstall');
    expect(filesOf(host)).toEqual(before.get(host));
  }
  await defined(atSource, 5);
  await atSource.start(vm.uuid);
  expect(await stateOn(source, vm.uuid)).toBe('running (booted)');
});
