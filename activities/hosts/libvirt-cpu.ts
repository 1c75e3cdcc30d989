/**
 * Whether a VM's CPU runs on a host, as that host's libvirt compares it (virConnectCompareHypervisorCPU,
 * virConnectCompareCPU).
 */
import { XMLSerializer } from '@xmldom/xmldom';
import type { VmDefinition } from '../../model/vm-definition.ts';
import { child, parseXml } from './definition.ts';
import type { LibvirtClient } from './libvirt/client.ts';
import { LibvirtError } from './libvirt/errors.ts';

/**
 * @param client the host that is to take the VM
 * @param sourceCapabilities what the VM's present host says of itself, for VMs that got that host's own CPU
 * @returns the reason against it; undefined when the VM's CPU runs there
 */
export async function cpuIncompatibility(
  client: LibvirtClient,
  definition: VmDefinition,
  sourceCapabilities: string,
): Promise<string | undefined> {
  const root = parseXml(definition.xml, 'domain');
  const cpu = child(root, 'cpu');
  const mode = cpu?.getAttribute('mode') ?? 'custom';
  // `maximum` under emulation is all that this QEMU can emulate, whatever the host's CPU; and no <cpu> is QEMU's
  // own default model: both depend on the hypervisor's version alone.
  if (!cpu || (mode === 'maximum' && root.getAttribute('type') === 'qemu')) return undefined;
  const serializer = new XMLSerializer();
  const type = child(child(root, 'os'), 'type');
  try {
    if (mode === 'host-passthrough' || mode === 'maximum') {
      const sourceCpu = child(child(parseXml(sourceCapabilities, 'capabilities'), 'host'), 'cpu');
      if (!sourceCpu) return undefined;
      const answer = await client.compareCpu(serializer.serializeToString(sourceCpu));
      return answer === 'incompatible'
        ? 'its CPU lacks features of the CPU that the VM was given by its host'
        : undefined;
    }
    const answer = await client.compareHypervisorCpu({
      cpuXml: serializer.serializeToString(cpu),
      ...optional('arch', type?.getAttribute('arch')),
      ...optional('machine', type?.getAttribute('machine')),
      ...optional('virtType', root.getAttribute('type')),
    });
    return answer === 'incompatible' ? `its hypervisor does not provide the VM's CPU model` : undefined;
  } catch (error) {
    if (error instanceof LibvirtError && error.codeName === 'CPU_INCOMPATIBLE') return error.message;
    throw error;
  }
}

function optional<K extends string>(key: K, value: string | null | undefined): { [P in K]?: string } {
  return value ? ({ [key]: value } as { [P in K]: string }) : {};
}
