/** The definition of a simulated VM, in the form that libvirt would give it. */
import { droverNamespace, type VmDefinition } from '../../model/vm-definition.ts';
import { uuidOf, type VmSpec } from './spec.ts';

export function definitionOf(
  vm: Pick<VmSpec, 'name' | 'memoryMiB' | 'vcpus' | 'network' | 'storage'>,
): VmDefinition {
  const uuid = uuidOf('vm', vm.name);
  const storage = `nbd://${vm.storage}`;
  return {
    uuid,
    name: vm.name,
    memoryMiB: vm.memoryMiB,
    vcpus: vm.vcpus,
    disks: [{ target: 'vda', device: 'disk', kind: 'network', storage, source: `${storage}/${vm.name}` }],
    networks: [vm.network],
    hostDevices: [],
    stateOutside: [],
    hasHiddenPassword: false,
    xml: [
      `<domain type='qemu'>`,
      `<name>${vm.name}</name>`,
      `<uuid>${uuid}</uuid>`,
      `<memory unit='MiB'>${vm.memoryMiB}</memory>`,
      `<vcpu>${vm.vcpus}</vcpu>`,
      `<devices>`,
      `<disk type='network' device='disk'><source protocol='nbd' name='${vm.name}'><host name='${vm.storage}'/></source><target dev='vda' bus='virtio'/></disk>`,
      `<interface type='bridge'><source bridge='${vm.network}'/></interface>`,
      `</devices>`,
      `</domain>`,
    ].join('\n'),
  };
}

/** The definition with this epoch in its metadata, in place of an earlier one. */
export function withEpoch(definition: VmDefinition, epoch: number): VmDefinition {
  const lease = `<drover:lease xmlns:drover="${droverNamespace}" epoch="${epoch}"/>`;
  const unmarked = definition.xml.replace(/\n<metadata><drover:lease [^>]*><\/metadata>/, '');
  const xml = unmarked.replace('</uuid>', `</uuid>\n<metadata>${lease}</metadata>`);
  return { ...definition, epoch, xml };
}
