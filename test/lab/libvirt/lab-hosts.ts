/** Clients of the shared lab's hosts. */
import { openLibvirt, transportTo } from '../../../activities/hosts/libvirt/client.ts';
import type { LibvirtClient, OpenOptions } from '../../../activities/hosts/libvirt/client.ts';
import type { LabHost } from '../../../lab/lab.ts';

export type { LabHost } from '../../../lab/lab.ts';
export { labHosts } from '../../support/lab.ts';

/** Opens a client. A fresh libvirtd probes QEMU for seconds at its first call, so its calls get a minute. */
export function openHost(host: LabHost, options: OpenOptions = {}): Promise<LibvirtClient> {
  return openLibvirt(transportTo(host.uri, host), { timeoutMs: 60_000, ...options });
}
