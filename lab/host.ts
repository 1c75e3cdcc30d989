/** A host: a network namespace with its cables, a CPU cgroup, and a libvirtd in it with private folders. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import type { HostConfig } from './config.ts';
import type { LabContext } from './context.ts';
import { LabError } from './errors.ts';
import { makeNamespace, namespaceExists, processesInNamespace, removeNamespace } from './ip.ts';
import { withLock } from './lock.ts';
import * as names from './names.ts';
import { allowedNames } from './pki.ts';
import { plugHost, readNetworkState, setHostLinks, unplugHost, waitForHostLinks } from './network.ts';
import { end, endAll, launch, runningPid, waitForProcess } from './processes.ts';
import { makeCpuGroup, processesFile, processesInCpuGroup, removeCpuGroup } from './strength.ts';

const bootScript = join(import.meta.dirname, 'boot-host.sh');

/**
 * Seconds of silence after which the hosts' libvirtd drops a client, and a migration its peer: libvirtd.conf's
 * keepalive_interval times keepalive_count, told to Drover as `keepaliveSeconds`.
 */
export const keepalive = { intervalSeconds: 1, count: 3 };

/** `crashed`: the power is on and nothing runs, as after a kernel panic. */
export type HostState = 'running' | 'crashed' | 'off';

/** How others reach its libvirtd: Drover by its settings, other hosts by what is in their /etc/pki. */
export const hostUri = ({ config }: LabContext, host: HostConfig) =>
  `qemu+${config.transport}://${host.address}/system`;

/** The same for virsh and its kind, which are told in the URI where the certificates lie. */
export const virshUri = (context: LabContext, host: HostConfig) =>
  context.config.transport === 'tls'
    ? `${hostUri(context, host)}?pkipath=${context.paths.droverPki}`
    : hostUri(context, host);

/** Its libvirtd as a person at the host's own keyboard reaches it: also when its network is cut. */
export const consoleSocket = ({ paths }: LabContext, host: string) =>
  join(paths.host(host), 'run', 'libvirt', 'libvirt-sock');
export const consoleUri = (context: LabContext, host: string) =>
  `qemu+unix:///system?socket=${consoleSocket(context, host)}`;

const libvirtd = (host: string) => `libvirtd-${host}`;
const powerFile = ({ paths }: LabContext, host: string) => join(paths.host(host), 'power');

/** What the BMC says. */
export function powerOf(context: LabContext, host: string): 'on' | 'off' {
  const file = powerFile(context, host);
  return existsSync(file) && readFileSync(file, 'utf8') === 'on' ? 'on' : 'off';
}

export function stateOf(context: LabContext, host: string): HostState {
  if (powerOf(context, host) === 'off') return 'off';
  return runningPid(context.paths, libvirtd(host)) === undefined ? 'crashed' : 'running';
}

/** Power on: boots the host unless it is on. The VMs defined on it don't start by themselves. */
export async function powerOn(context: LabContext, host: HostConfig): Promise<void> {
  await locked(context, host, async () => {
    if (powerOf(context, host.name) === 'on') return;
    await boot(context, host);
  });
}

/** The power is cut: every process ends at once, and nothing of it is heard on the network any more. */
export async function powerOff(context: LabContext, host: HostConfig): Promise<void> {
  await locked(context, host, async () => {
    await stop(context, host);
    setPower(context, host.name, 'off');
  });
}

/** As a kernel panic: all of it stops, silently, while the power stays on. */
export async function crashHost(context: LabContext, host: HostConfig): Promise<void> {
  await locked(context, host, async () => {
    if (powerOf(context, host.name) === 'on') await stop(context, host);
  });
}

/** Makes sure that the host is on, connected and answers, whatever was left of it; boots it anew if not. */
export async function ensureHost(context: LabContext, host: HostConfig): Promise<'kept' | 'booted'> {
  return locked(context, host, async () => {
    if (await isWell(context, host)) {
      await setHostLinks(context, host.name, true);
      return 'kept';
    }
    await stop(context, host);
    await boot(context, host);
    return 'booted';
  });
}

/** libvirtd alone is killed: the host and its VMs run on. */
export async function killLibvirtd(context: LabContext, host: HostConfig): Promise<void> {
  await locked(context, host, async () => end(context.paths, libvirtd(host.name)));
}

/** Starts the libvirtd of a host whose own was killed; it finds the VMs that run. Returns when it answers. */
export async function startLibvirtd(context: LabContext, host: HostConfig): Promise<void> {
  await locked(context, host, async () => {
    if (runningPid(context.paths, libvirtd(host.name)) === undefined) await launchLibvirtd(context, host);
  });
  await waitForHost(context, host);
}

/** Stopped, it is silent and answers nobody, while its connections stand; its VMs run on. */
export function freezeLibvirtd(context: LabContext, host: HostConfig, frozen: boolean): void {
  const pid = runningPid(context.paths, libvirtd(host.name));
  if (pid === undefined) throw new LabError(`no libvirtd runs on ${host.name}`);
  process.kill(pid, frozen ? 'SIGSTOP' : 'SIGCONT');
}

async function isWell(context: LabContext, host: HostConfig): Promise<boolean> {
  if (stateOf(context, host.name) !== 'running') return false;
  if (!namespaceExists(names.hostNamespace(context.config.name, host.name))) return false;
  if ((await readNetworkState(context)).hostLinks(host.name) === 'unplugged') return false;
  const { failed } = await execa('virsh', ['-c', consoleUri(context, host.name), 'list', '--uuid'], {
    timeout: 5_000,
    reject: false,
  });
  return !failed;
}

async function stop(context: LabContext, host: HostConfig): Promise<void> {
  const { config, paths } = context;
  const namespace = names.hostNamespace(config.name, host.name);
  const cgroup = names.hostCgroup(config.name, host.name);
  // First the links, then the processes: what a dying process still says (a FIN, a last reply) gets nowhere.
  await setHostLinks(context, host.name, false);
  await endAll(`host ${host.name}`, () => [
    ...new Set([...processesInCpuGroup(paths, cgroup), ...processesInNamespace(paths, namespace)]),
  ]);
  await end(paths, libvirtd(host.name));
  await unplugHost(context, host.name);
  await removeNamespace(paths, namespace);
  await removeCpuGroup(paths, cgroup);
}

async function boot(context: LabContext, host: HostConfig): Promise<void> {
  const { config, paths } = context;
  const namespace = names.hostNamespace(config.name, host.name);
  const cgroup = names.hostCgroup(config.name, host.name);
  writeSettings(context, host);
  makeCpuGroup(paths, cgroup, host.cpus);
  await makeNamespace(paths, namespace);
  await plugHost(context, host);
  setPower(context, host.name, 'on');
  await launchLibvirtd(context, host);
}

async function launchLibvirtd({ config, paths }: LabContext, { name }: HostConfig): Promise<void> {
  const pki = config.transport === 'tls' ? [paths.hostPki(name)] : [];
  const cache = join(config.cache, 'libvirt');
  mkdirSync(cache, { recursive: true });
  const group = processesFile(names.hostCgroup(config.name, name));
  const namespace = names.hostNamespace(config.name, name);
  await launch(paths, {
    role: libvirtd(name),
    command: 'sh',
    args: [bootScript, group, namespace, paths.host(name), cache, name, ...pki],
  });
}

/**
 * Waits until the cables carry, and libvirtd answers and knows what its QEMU can do: on a new machine that takes it
 * some seconds.
 */
export async function waitForHost(context: LabContext, host: HostConfig): Promise<void> {
  await waitForHostLinks(context, host.name);
  await waitForProcess(context.paths, libvirtd(host.name), 60, async () => {
    const capabilities = ['domcapabilities', '--virttype', 'qemu', '--machine', 'q35'];
    await execa('virsh', ['-c', consoleUri(context, host.name), ...capabilities], { timeout: 60_000 });
    return { value: true };
  });
}

/** Files that a reboot keeps (`etc` with the definitions, `lib`, `log`), and /run, which it doesn't. */
function writeSettings(context: LabContext, host: HostConfig): void {
  const folder = context.paths.host(host.name);
  rmSync(join(folder, 'run'), { recursive: true, force: true });
  for (const name of ['etc', 'lib', 'log/qemu', 'run']) mkdirSync(join(folder, name), { recursive: true });
  const { intervalSeconds, count } = keepalive;
  const keepaliveLines = [`keepalive_interval = ${intervalSeconds}`, `keepalive_count = ${count}`];
  writeFileSync(
    join(folder, 'etc', 'libvirtd.conf'),
    [
      ...(context.config.transport === 'tls'
        ? [
            'listen_tls = 1',
            'listen_tcp = 0',
            'auth_tls = "none"',
            `tls_allowed_dn_list = ${JSON.stringify(allowedNames(context))}`,
          ]
        : ['listen_tls = 0', 'listen_tcp = 1', 'auth_tcp = "none"']),
      'auth_unix_rw = "none"',
      'auth_unix_ro = "none"',
      'unix_sock_group = "root"',
      `listen_addr = "${host.address}"`,
      `host_uuid = "${names.stableUuid('host', context.config.name, host.name)}"`,
      'log_outputs = "3:stderr"',
      ...keepaliveLines,
      '',
    ].join('\n'),
  );
  writeFileSync(
    join(folder, 'etc', 'qemu.conf'),
    [
      'security_driver = "none"',
      'user = "root"',
      'group = "root"',
      'dynamic_ownership = 0',
      'remember_owner = 0',
      'cgroup_controllers = []',
      'namespaces = []',
      'stdio_handler = "file"',
      ...keepaliveLines,
      '',
    ].join('\n'),
  );
}

function setPower(context: LabContext, host: string, power: 'on' | 'off'): void {
  const file = powerFile(context, host);
  mkdirSync(context.paths.host(host), { recursive: true });
  writeFileSync(`${file}.new`, power);
  renameSync(`${file}.new`, file);
}

/** One change of a host at a time, by whichever process: the BMC, this program, another one. */
async function locked<T>(context: LabContext, host: HostConfig, work: () => Promise<T>): Promise<T> {
  if (!existsSync(context.paths.folder)) throw new LabError(`lab ${context.config.name} is down`);
  return withLock(`${context.paths.host(host.name)}.lock`, 60, work);
}
