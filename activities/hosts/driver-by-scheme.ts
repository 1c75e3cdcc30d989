/** Chooses the driver of each host by the scheme of its URI. */
import type { HostDriver } from './driver.ts';
import { libvirtDriver, type LibvirtSettings } from './libvirt-driver.ts';
import { simulatedDriver } from './simulated-driver.ts';

export function driverByScheme(
  settings: Pick<LibvirtSettings, 'keepaliveSeconds' | 'onRefusal' | 'tls' | 'ssh'>,
): HostDriver {
  const libvirt = libvirtDriver(settings);
  const simulated = simulatedDriver(settings);
  return {
    open: (host, options) => (host.uri.startsWith('sim:') ? simulated : libvirt).open(host, options),
  };
}
