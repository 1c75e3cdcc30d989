/**
 * The two hosts that these tests speak to.
 *
 * TO BE JOINED with the lab's own module, test/support/lab.ts (`labHosts()`): until then the addresses come from
 * the environment.
 */
import { openLibvirt, type OpenOptions, tcpTransport } from '../../../activities/hosts/libvirt/client.ts';
import type { LibvirtClient } from '../../../activities/hosts/libvirt/client.ts';

export interface LabHost {
  readonly name: string;
  /** As virsh takes it. */
  readonly uri: string;
  readonly address: string;
  /** The unix socket of its libvirtd, if this process can reach it. */
  readonly socket: string | undefined;
}

/** Two hosts at least; throws where no lab is up. */
export function labHosts(): readonly [LabHost, LabHost, ...LabHost[]] {
  const addresses = process.env['DROVER_LAB_HOSTS']?.split(',') ?? [];
  const sockets = process.env['DROVER_LAB_SOCKETS']?.split(',') ?? [];
  const [first, second, ...others] = addresses.map((address, index) => ({
    name: `host${index + 1}`,
    uri: `qemu+tcp://${address}/system`,
    address,
    socket: sockets[index],
  }));
  if (first === undefined || second === undefined) {
    throw new Error(
      'these tests need two hosts with a libvirtd that listens on TCP: set DROVER_LAB_HOSTS, e.g. ' +
        'DROVER_LAB_HOSTS=10.77.0.11,10.77.0.12 (and DROVER_LAB_SOCKETS for the paths of their unix sockets)',
    );
  }
  return [first, second, ...others];
}

/** Opens a client. A fresh libvirtd probes QEMU for seconds at its first call, so its calls get a minute. */
export function openHost(host: LabHost, options: OpenOptions = {}): Promise<LibvirtClient> {
  return openLibvirt(tcpTransport({ host: host.address }), { timeoutMs: 60_000, ...options });
}
