/** Chooses the driver of each host by the scheme of its URI. */
import type { HostDriver } from './driver.ts';
import { libvirtDriver, type LibvirtSettings } from './libvirt-driver.ts';
import { simulatedDriver } from './simulated-driver.ts';

export function driverByScheme({ keepaliveSeconds }: Pick<LibvirtSettings, 'keepaliveSeconds'>): HostDriver {
  const libvirt = libvirtDriver({ keepaliveSeconds });
  const simulated = simulatedDriver({ keepaliveSeconds });
  return {
    open: (host, options) => (host.uri.startsWith('sim:') ? simulated : libvirt).open(host, options),
  };
}
