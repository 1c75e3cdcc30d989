/** The world as a test sees it: hosts are asked by virsh, never through Drover. */
import { execa } from 'execa';
import type { LabHost } from '../../lab/lab.ts';

/** What `virsh domstate --reason` says of a VM on a host; undefined where a whole listing does not have it. */
export async function stateOn(host: LabHost, uuid: string): Promise<string | undefined> {
  const listed = await virsh(host, 'list', '--all', '--uuid');
  if (!listed.split('\n').includes(uuid)) return undefined;
  return await virsh(host, 'domstate', '--reason', '--domain', uuid);
}

/** Hosts on which the VM runs. */
export async function runningOn(hosts: readonly LabHost[], uuid: string): Promise<string[]> {
  const states = await Promise.all(
    hosts.map(async (host) => ((await stateOn(host, uuid))?.startsWith('running') ? [host.name] : [])),
  );
  return states.flat();
}

/** Hosts that have a definition or a copy of the VM. */
export async function knownOn(hosts: readonly LabHost[], uuid: string): Promise<string[]> {
  const states = await Promise.all(
    hosts.map(async (host) => ((await stateOn(host, uuid)) === undefined ? [] : [host.name])),
  );
  return states.flat();
}

export async function virsh(host: LabHost, ...args: readonly string[]): Promise<string> {
  const { stdout } = await execa('virsh', ['-q', '-c', host.virshUri, ...args], { env: { LC_ALL: 'C' } });
  return stdout.trim();
}
