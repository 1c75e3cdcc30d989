/** The contract's hosts that are real: libvirtd and QEMU of the lab. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { HostAddress } from '../../../activities/hosts/driver.ts';
import { libvirtDriver } from '../../../activities/hosts/libvirt-driver.ts';
import type { LabHost } from '../../../lab/lab.ts';
import type { Place, Side } from './stage.ts';

export function libvirtSide(hosts: Readonly<Record<Place, LabHost>>): Side {
  return {
    name: 'libvirt',
    driver: libvirtDriver({ keepaliveSeconds: 8, callTimeoutMs: 60_000, tls: hosts.source.tls }),
    hosts: { source: addressOf(hosts.source), target: addressOf(hosts.target) },
    nobody: { ...addressOf(hosts.target), peerUri: `qemu+tcp://${hosts.target.address}:1/system` },
    kill: (place, { name }) => void process.kill(qemuOf(hosts[place], name), 'SIGKILL'),
  };
}

function addressOf({ name, uri, address }: LabHost): HostAddress {
  return { name, uri, peerUri: uri, migrateTo: address };
}

/** The host's libvirtd writes the process of each of its VMs beside its own socket. */
function qemuOf({ socket }: LabHost, vm: string): number {
  return Number(readFileSync(join(dirname(socket), 'qemu', `${vm}.pid`), 'utf8'));
}
