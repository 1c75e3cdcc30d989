/** Hosts by ssh, through a real sshd on the host: what works, what is left behind, and what each refusal says. */
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { HostAddress, HostSession } from '../../../activities/hosts/driver.ts';
import { HostAccessRefused, HostUnreachable } from '../../../activities/hosts/errors.ts';
import { libvirtDriver } from '../../../activities/hosts/libvirt-driver.ts';
import { openLibvirt, transportTo, type SshSettings } from '../../../activities/hosts/libvirt/client.ts';
import { rejection } from '../../../activities/hosts/libvirt/fake-daemon.ts';
import { waitFor } from '../../../demo/traffic.ts';
import { labHosts, labVm, sharedLab } from '../../support/lab.ts';
import { runningOn } from '../../support/world.ts';
import { makeKey, SshServer } from './ssh-server.ts';

const [source, target] = labHosts();
const vm = labVm();
const folder = mkdtempSync(join(tmpdir(), 'drover-ssh-'));
let key: string;
let server: SshServer;
/** sshd alone knows it, on the host's address. */
let port = 2201;

beforeAll(async () => {
  await sharedLab().up();
  key = await makeKey(join(folder, 'drover'));
  server = await SshServer.on(source, folder, { port, clientKey: key });
}, 120_000);
afterEach(async () => {
  await waitFor('ssh to leave nothing behind', 20, async () =>
    sshBelowUs().length === 0 && (await helpersOn(source.namespace)).length === 0 ? true : undefined,
  );
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
  await sharedLab().up();
}, 120_000);

const known = (): SshSettings => ({ identityFile: key, knownHosts: server.knownHosts });

function open(uri = server.uri(), ssh = known(), keepaliveSeconds = 8): Promise<HostSession> {
  const address: HostAddress = { name: source.name, uri, peerUri: source.uri, migrateTo: source.address };
  return libvirtDriver({ keepaliveSeconds, callTimeoutMs: 60_000, ssh }).open(address);
}

describe('a host by ssh', () => {
  test('tells what it runs, its events, and moves a VM', async () => {
    await using session = await open();
    const { vms } = await session.report();
    expect(vms.map(({ name }) => name)).toEqual([vm.name]);
    const heard: string[] = [];
    await session.watch((event) => void heard.push(event.uuid));
    const to = { name: target.name, uri: target.uri, peerUri: target.uri, migrateTo: target.address };
    await session.migrate(vm.uuid, { to });
    await session.barrier();
    expect(heard).toContain(vm.uuid);
    expect(await runningOn([source, target], vm.uuid)).toEqual([target.name]);

    await using back = await libvirtDriver({
      keepaliveSeconds: 8,
      callTimeoutMs: 60_000,
      tls: target.tls,
    }).open(to);
    const home = { name: source.name, uri: source.uri, peerUri: source.uri, migrateTo: source.address };
    await back.migrate(vm.uuid, { to: home });
    expect(await runningOn([source, target], vm.uuid)).toEqual([source.name]);
  });

  test('answers 200 questions at once, and its largest answers whole', async () => {
    await using client = await openLibvirt(transportTo(server.uri(), { ssh: known() }));
    const names = await Promise.all(Array.from({ length: 200 }, () => client.hostname()));
    expect(new Set(names)).toEqual(new Set([source.name]));
    expect((await client.capabilities()).trimEnd()).toMatch(/<\/capabilities>$/);
  });

  test('that falls silent is noticed by keepalive', async () => {
    await using client = await openLibvirt(transportTo(server.uri(), { ssh: known() }), {
      keepalive: { intervalMs: 50, count: 2 },
    });
    const [ssh] = sshBelowUs();
    process.kill(ssh ?? Number.NaN, 'SIGSTOP');
    expect((await client.closed).message).toMatch(/nothing came for \d+ ms and 2 pings went unanswered$/);
  });

  test('whose ssh ends says why, and what was open rejects', async () => {
    await using client = await openLibvirt(transportTo(server.uri(), { ssh: known() }));
    const [ssh] = sshBelowUs();
    process.kill(ssh ?? Number.NaN, 'SIGKILL');
    expect((await client.closed).message).toContain('ssh was ended by SIGKILL');
    expect(await rejection(client.hostname())).toMatchObject({ name: 'LibvirtConnectionLost', sent: false });
  });

  test('given up while it is opened leaves no process', async () => {
    const opening = openLibvirt(transportTo(server.uri(), { ssh: known() }), { timeoutMs: 1 });
    expect(await rejection(opening)).toMatchObject({ name: 'LibvirtTimeout' });
  });

  test('whose key may do nothing but speak to libvirt', async () => {
    const onlyCommand = 'virt-ssh-helper qemu:///system';
    await using other = await SshServer.on(source, folder, { port: ++port, clientKey: key, onlyCommand });
    await using session = await open(other.uri(), { ...known(), knownHosts: other.knownHosts });
    expect((await session.report()).vms.map(({ name }) => name)).toEqual([vm.name]);
  });

  test('without virt-ssh-helper is reached by nc', async () => {
    const programs = { sh: '/bin/sh', nc: '/bin/nc.openbsd' };
    await using other = await SshServer.on(source, folder, { port: ++port, clientKey: key, programs });
    await using session = await open(other.uri(), { ...known(), knownHosts: other.knownHosts });
    expect((await session.report()).vms.map(({ name }) => name)).toEqual([vm.name]);
  });
});

describe('no session is had where', () => {
  /** Why, without who says so. */
  async function refusal(uri: string, ssh: SshSettings): Promise<HostAccessRefused> {
    const error = await rejection(open(uri, ssh));
    expect(error).toBeInstanceOf(HostAccessRefused);
    expect((error as Error).message).toMatch(
      /^no access to host1 \(open qemu\+ssh:\S+\): ssh \w+@[\d.]+:\d+: /,
    );
    return error as HostAccessRefused;
  }

  test('the host’s key is unknown', async () => {
    const knownHosts = join(folder, 'knows-nobody');
    writeFileSync(knownHosts, '');
    const refused = await refusal(server.uri(), { identityFile: key, knownHosts });
    expect(refused.text).toContain("the host's key is unknown here: compare it");
    expect(refused).toMatchObject({ code: 'SSH_HOST_KEY', class: 'elsewhere' });
  });

  test('the host’s key is another than the known one', async () => {
    const other = readFileSync(`${await makeKey(join(folder, 'other-host'))}.pub`, 'utf8').split(' ');
    const knownHosts = join(folder, 'knows-another');
    writeFileSync(knownHosts, `[${source.address}]:${server.port} ${other[0]} ${other[1]}\n`);
    const refused = await refusal(server.uri(), { identityFile: key, knownHosts });
    expect(refused.text).toContain('the host shows another key than the one that is known');
    expect(refused).toMatchObject({ code: 'SSH_HOST_KEY', class: 'elsewhere' });
  });

  test('the host does not admit our key', async () => {
    const identityFile = await makeKey(join(folder, 'stranger'));
    const refused = await refusal(server.uri(), { ...known(), identityFile });
    expect(refused.text).toContain('the host does not admit our key');
    expect(refused.text).toContain('Permission denied (publickey)');
    expect(refused).toMatchObject({ code: 'SSH_NOT_ADMITTED', class: 'elsewhere' });
  });

  test('the host does not know the user', async () => {
    const refused = await refusal(server.uri('nosuchuser'), known());
    expect(refused).toMatchObject({ code: 'SSH_NOT_ADMITTED', class: 'elsewhere' });
  });

  test('our key is missing', async () => {
    const refused = await refusal(server.uri(), { ...known(), identityFile: join(folder, 'none') });
    expect(refused.text).toContain(
      "our private key can't be read: name it in the settings (ssh.identityFile)",
    );
    expect(refused).toMatchObject({ code: 'SSH_OWN_KEY', class: 'never' });
  });

  test('our key is open to others', async () => {
    const identityFile = join(folder, 'open key'); // with a space, at which ssh would split it
    copyFileSync(key, identityFile);
    chmodSync(identityFile, 0o644);
    const refused = await refusal(server.uri(), { ...known(), identityFile });
    expect(refused.text).toContain('our private key is open to others: chmod go= on it');
    expect(refused).toMatchObject({ code: 'SSH_OWN_KEY', class: 'never' });
  });

  test('the host has no program that joins ssh to libvirt', async () => {
    await using other = await SshServer.on(source, folder, {
      port: ++port,
      clientKey: key,
      programs: { sh: '/bin/sh' },
    });
    const refused = await refusal(other.uri(), { ...known(), knownHosts: other.knownHosts });
    expect(refused.text).toContain(
      'neither virt-ssh-helper (package libvirt-clients) nor nc (netcat-openbsd)',
    );
    expect(refused).toMatchObject({ code: 'SSH_NO_HELPER', class: 'elsewhere' });
  });

  test('nobody listens, or nobody has the name: that passes', async () => {
    const refused = await rejection(open(`qemu+ssh://root@${source.address}:1/system`));
    expect(refused).toBeInstanceOf(HostUnreachable);
    expect((refused as Error).message).toContain('Connection refused');
    const unknown = await rejection(open('qemu+ssh://root@nobody.invalid/system'));
    expect(unknown).toBeInstanceOf(HostUnreachable);
    expect((unknown as Error).message).toContain('no such host is known here');
  });

  test('no libvirtd runs: that passes', async () => {
    await sharedLab().killLibvirtd(source.name);
    try {
      const error = await rejection(open());
      expect(error).toBeInstanceOf(HostUnreachable);
      expect((error as Error).message).toContain('no libvirtd answers there');
    } finally {
      await sharedLab().startLibvirtd(source.name);
    }
  });
});

/** The processes of these programs, of those that run now. */
function running(programs: readonly string[], pids: readonly string[]): number[] {
  return pids.flatMap((pid) => {
    try {
      const [, program = '', state] =
        /^\d+ \((.*)\) (\S) /s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
      return programs.includes(program) && state !== 'Z' ? [Number(pid)] : [];
    } catch {
      return []; // it has ended meanwhile
    }
  });
}

function sshBelowUs(): number[] {
  const { pid } = process;
  return running(['ssh'], readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' '));
}

/** What ssh has started on the host. */
async function helpersOn(namespace: string): Promise<number[]> {
  const { stdout } = await execa('ip', ['netns', 'pids', namespace]);
  return running(['virt-ssh-helper', 'nc', 'nc.openbsd'], stdout.split('\n'));
}
