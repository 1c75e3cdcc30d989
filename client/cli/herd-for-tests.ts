/** Hosts as they answer, for the tests of what is shown of them. */
import type { InventoryHost, VmFacts } from '../../model/inventory.ts';

export function vmFacts(name: string, more: Partial<VmFacts> = {}): VmFacts {
  return {
    name,
    uuid: `uuid-of-${name}`,
    state: 'running',
    stateReason: 'booted',
    persistent: true,
    memoryMiB: 1024,
    vcpus: 2,
    ...more,
  };
}

export function answeringHost(
  name: string,
  vms: VmFacts[],
  more: { readonly cluster?: string; readonly cpuBusyCores?: number } = {},
): InventoryHost {
  const { cluster = 'berlin', ...facts } = more;
  return {
    name,
    cluster,
    datacenter: 'dc1',
    failureDomains: { switch: 'sw1' },
    answer: {
      reachable: true,
      facts: { uuid: name, hypervisor: 'QEMU 7.2.22', cpus: 4, memoryMiB: 8192, vms, ...facts },
    },
  };
}

export function silentHost(name: string): InventoryHost {
  return {
    name,
    cluster: 'berlin',
    datacenter: 'dc1',
    failureDomains: {},
    answer: { reachable: false, reason: 'no answer in 5 s' },
  };
}
