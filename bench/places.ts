/** Where a VM is in a lab, as its hosts' own tools say. */
import { execa } from 'execa';
import type { LabHost } from '../lab/lab.ts';

export interface Place {
  readonly host: LabHost;
  readonly isRunning: boolean;
}

/** Every host that has anything of the VM. @throws ExecaError when one does not answer */
export async function placesOf(hosts: readonly LabHost[], uuid: string): Promise<Place[]> {
  const found = await Promise.all(
    hosts.map(async (host) => {
      const [known, running] = await Promise.all([
        virsh(host, ['list', '--all', '--uuid']),
        virsh(host, ['list', '--state-running', '--uuid']),
      ]);
      return known.includes(uuid) ? [{ host, isRunning: running.includes(uuid) }] : [];
    }),
  );
  return found.flat();
}

/** @returns what it printed */
export async function virsh(host: LabHost, args: readonly string[]): Promise<string> {
  const { stdout } = await execa('virsh', ['-c', host.virshUri, ...args], { env: { LC_ALL: 'C' } });
  return stdout;
}
