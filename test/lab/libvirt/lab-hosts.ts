/** Clients of the shared lab's hosts. */
import { openLibvirt, tcpTransport } from '../../../activities/hosts/libvirt/client.ts';
import type { LibvirtClient, OpenOptions } from '../../../activities/hosts/libvirt/client.ts';
import type { LabHost } from '../../../lab/lab.ts';

export type { LabHost } from '../../../lab/lab.ts';
export { labHosts } from '../../support/lab.ts';

/** Opens a client. A fresh libvirtd probes QEMU for seconds at its first call, so its calls get a minute. */
export function openHost(host: LabHost, options: OpenOptions = {}): Promise<LibvirtClient> {
  return openLibvirt(tcpTransport({ host: host.address }), { timeoutMs: 60_000, ...options });
}
