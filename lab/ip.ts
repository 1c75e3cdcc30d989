/** `ip` of iproute2: namespaces and links. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { z } from 'zod';
import { LabError } from './errors.ts';
import { forgetMade, isMade, listMade, noteMade } from './made.ts';
import type { LabPaths } from './names.ts';
import { processesInNetwork } from './processes.ts';

const namespaces = '/run/netns';

export async function ip(...args: string[]): Promise<string> {
  const { stdout } = await execa('ip', args);
  return stdout;
}

/** Many `ip` commands by one process; without a namespace, in the machine's own. */
export async function ipBatch(namespace: string | undefined, commands: readonly string[]): Promise<void> {
  const inside = namespace === undefined ? [] : ['-n', namespace];
  await execa('ip', [...inside, '-batch', '-'], { input: `${commands.join('\n')}\n` });
}

/** As `ipBatch`, going on after a command that fails: for taking apart what may be half gone. */
export async function ipBatchForced(namespace: string, commands: readonly string[]): Promise<void> {
  const input = `${commands.join('\n')}\n`;
  await execa('ip', ['-n', namespace, '-force', '-batch', '-'], { input, reject: false });
}

const linkSchema = z.array(
  z.looseObject({
    ifname: z.string().optional(),
    flags: z.array(z.string()).optional(),
    operstate: z.string().optional(),
  }),
);

export interface Link {
  /** As it was set. */
  readonly up: boolean;
  /** It carries packets: up at both ends, and the kernel has taken notice, which it may do a second later. */
  readonly carries: boolean;
}

/** The links of a namespace by name; empty if there is no such namespace. */
export async function linksOf(namespace: string): Promise<Map<string, Link>> {
  if (!namespaceExists(namespace)) return new Map();
  const { stdout, exitCode } = await execa('ip', ['-n', namespace, '-json', 'link', 'show'], {
    reject: false,
  });
  if (exitCode !== 0) return new Map();
  const links = linkSchema.parse(JSON.parse(stdout || '[]'));
  return new Map(
    links.flatMap(({ ifname, flags, operstate }) =>
      ifname === undefined
        ? []
        : [[ifname, { up: flags?.includes('UP') ?? false, carries: operstate === 'UP' }]],
    ),
  );
}

export const namespaceExists = (name: string): boolean => existsSync(join(namespaces, name));

/** Processes in a namespace that this lab made. */
export function processesInNamespace(paths: LabPaths, name: string): number[] {
  if (!isMade(paths, 'namespace', name)) return [];
  try {
    // The inode is the number by which /proc/PID/ns/net names the namespace.
    return processesInNetwork(statSync(join(namespaces, name)).ino);
  } catch {
    return [];
  }
}

/** Makes an empty namespace, without IPv6: nobody's router solicitations shall fill the lab's switches. */
export async function makeNamespace(paths: LabPaths, name: string): Promise<void> {
  if (namespaceExists(name)) {
    if (!isMade(paths, 'namespace', name))
      throw new LabError(
        `network namespace ${name} exists and isn't this lab's: remove it (ip netns del ${name}) or give the lab another name`,
      );
    await removeNamespace(paths, name);
  }
  noteMade(paths, 'namespace', name);
  await ip('netns', 'add', name);
  const noIpv6 =
    'for which in all default; do file=/proc/sys/net/ipv6/conf/$which/disable_ipv6; [ ! -e $file ] || echo 1 > $file; done';
  await ip('netns', 'exec', name, 'sh', '-c', noIpv6);
  await ip('-n', name, 'link', 'set', 'lo', 'up');
}

export async function removeNamespace(paths: LabPaths, name: string): Promise<void> {
  if (!isMade(paths, 'namespace', name)) return;
  if (namespaceExists(name)) await ip('netns', 'del', name);
  forgetMade(paths, 'namespace', name);
}

export async function removeAllNamespaces(paths: LabPaths): Promise<void> {
  for (const name of listMade(paths, 'namespace')) await removeNamespace(paths, name);
}
