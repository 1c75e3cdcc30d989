/** The world as these tests see it: not through the lab's own eyes, but by virsh, ip, /proc and the fence agent. */
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import type { Lab, LabHost } from '../../../lab/lab.ts';
import { sharedLabConfig } from '../../support/lab.ts';

const settingsSchema = z.looseObject({
  name: z.string(),
  datacenters: z.record(z.string(), z.unknown()),
  ports: z.record(z.string(), z.number()),
});

/** Settings of another lab, which can stand beside the shared one; each number from 1 to 4 has a place of its own. */
export function settingsBeside(number: number): { file: string; text: string } {
  const shared = settingsSchema.parse(parse(readFileSync(sharedLabConfig, 'utf8')));
  const text = stringify({ ...shared, name: `${shared.name}${number}` })
    .replaceAll(/\b10\.(\d+)\./g, (_, second: string) => `10.${Number(second) + number * 10}.`)
    .replaceAll(/(?<=: )\d{5}$/gm, (port) => String(Number(port) + number * 1_000));
  const file = join(mkdtempSync(join(tmpdir(), 'lab-')), 'lab.yaml');
  writeFileSync(file, text);
  return { file, text };
}

export function hostOf(lab: Lab, name: string): LabHost {
  const host = lab.hosts.find((found) => found.name === name);
  if (!host) throw new Error(`the lab has no ${name}`);
  return host;
}

export async function virsh(uri: string, ...args: string[]): Promise<string> {
  return (await execa('virsh', ['-q', '-c', uri, ...args], { timeout: 30_000 })).stdout.trim();
}

/** `running`, `shut off (crashed)`, ... by `virsh domstate --reason`; `absent` where there is no such VM. */
export async function vmState(host: LabHost, vm: string): Promise<string> {
  const { stdout, exitCode, stderr } = await execa(
    'virsh',
    ['-q', '-c', `qemu+unix:///system?socket=${host.socket}`, 'domstate', '--reason', vm],
    { reject: false },
  );
  if (exitCode === 0) return stdout.trim();
  return stderr.includes('failed to get domain') ? 'absent' : stderr.trim();
}

/** The exit code of Debian's fence_redfish: 0 done, or the power is on; 2 the power is off; 1 it failed. */
export async function fence(
  lab: Lab,
  host: LabHost,
  action: 'on' | 'off' | 'reboot' | 'status',
  password = readFileSync(lab.bmcPasswordFile, 'utf8'),
): Promise<number | undefined> {
  const options = ['--ip', '127.0.0.1', '--ipport', String(host.bmcPort), '--username', 'drover'];
  const system = ['--ssl-insecure', '--systems-uri', '/redfish/v1/Systems/1', '--action', action];
  const { exitCode } = await execa('fence_redfish', [...options, '--password', password, ...system], {
    reject: false,
    timeout: 60_000,
  });
  return exitCode;
}

/** Whether a TCP connection comes about, tried from a namespace, or from this machine's own. */
export async function reaches(
  namespace: string | undefined,
  address: string,
  port: number,
): Promise<boolean> {
  const inside = namespace === undefined ? [] : ['ip', 'netns', 'exec', namespace];
  const connect = ['timeout', '2', 'bash', '-c', 'exec 3<>"/dev/tcp/$0/$1"', address, String(port)];
  const [command = '', ...args] = [...inside, ...connect];
  return (await execa(command, args, { reject: false })).exitCode === 0;
}

/** That of TLS, by which the lab's hosts are reached. */
export const libvirtPort = 16_514;
export const nbdPort = 10_809;

export function namespaces(): string[] {
  return existsSync('/run/netns') ? readdirSync('/run/netns') : [];
}

/** A zombie, whose parent has not taken notice of its end, is not alive. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Pids whose network namespace is the named one. */
export function processesIn(namespace: string): number[] {
  const inode = statSync(`/run/netns/${namespace}`).ino;
  return processesWith((pid) => readlinkSync(`/proc/${pid}/ns/net`) === `net:[${inode}]`);
}

/** Pids in whose command line a text occurs. */
export function processesNaming(text: string): number[] {
  return processesWith((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text));
}

function processesWith(matches: (pid: number) => boolean): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => {
      try {
        return matches(pid);
      } catch {
        return false; // ended in the meantime
      }
    });
}

/** The folder of a host's CPU cgroup, in either version of cgroups. */
export function cgroupFolder(name: string): string | undefined {
  return ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup/cpu,cpuacct', '/sys/fs/cgroup']
    .map((root) => join(root, name))
    .find((folder) => existsSync(folder));
}
