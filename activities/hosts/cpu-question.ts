/** What the answer to "does this VM's CPU run there" depends on, besides the host that is asked. */
import { XMLSerializer } from '@xmldom/xmldom';
import type { VmDefinition } from '../../model/vm-definition.ts';
import { child, parseXml } from './definition.ts';

/**
 * A key: equal for two VMs of which `cpuIncompatibility` answers the same on every host. Most VMs of a herd share
 * one. The source's own CPU is a part of it only for VMs that were given their host's CPU.
 */
export function cpuQuestion(definition: VmDefinition, sourceCpu: string): string {
  const root = parseXml(definition.xml, 'domain');
  const cpu = child(root, 'cpu');
  const type = child(child(root, 'os'), 'type');
  const mode = cpu?.getAttribute('mode');
  const isOfItsHost = !cpu || mode === 'host-passthrough' || mode === 'maximum';
  return JSON.stringify([
    root.getAttribute('type'),
    type?.getAttribute('arch'),
    type?.getAttribute('machine'),
    cpu ? new XMLSerializer().serializeToString(cpu) : null,
    isOfItsHost ? hostCpu(sourceCpu) : null,
  ]);
}

/** libvirt's capabilities hold much that differs from host to host, its UUID first; only the CPU is compared. */
function hostCpu(sourceCpu: string): string {
  if (!sourceCpu.trimStart().startsWith('<')) return sourceCpu;
  const cpu = child(child(parseXml(sourceCpu, 'capabilities'), 'host'), 'cpu');
  return cpu ? new XMLSerializer().serializeToString(cpu) : '';
}
