/** The VMs of the contract: one definition for both sides. */
import { parseDefinition } from '../../../activities/hosts/definition.ts';
import { uuidOf } from '../../../lab/simulated/spec.ts';
import type { VmDefinition } from '../../../model/vm-definition.ts';
import type { GuestFiles } from './guest-files.ts';
import { onlyAtTheSource } from './source-parts.ts';

/** `noise`: memory that takes a while to copy. The others: parts that only the source has. */
export type GuestPart = 'noise' | 'network' | 'disk';

/** @param name not taken on any host; the UUID follows from it, as faults of the simulation expect */
export function guestNamed(
  name: string,
  { firmware, noise }: GuestFiles,
  parts: readonly GuestPart[] = [],
): VmDefinition {
  const { bridge, nbdPort } = onlyAtTheSource;
  const memory = `<qemu:commandline>
      <qemu:arg value='-device'/><qemu:arg value='loader,file=${noise},addr=0x1000000,force-raw=on'/>
    </qemu:commandline>`;
  const network = `<interface type='bridge'><source bridge='${bridge}'/><model type='virtio'/></interface>`;
  const disk = `<disk type='network' device='disk'>
      <driver name='qemu' type='raw' cache='none'/>
      <source protocol='nbd' name='contract'><host name='127.0.0.1' port='${nbdPort}'/></source>
      <target dev='vda' bus='virtio'/>
    </disk>`;
  const ifPart = (part: GuestPart, xml: string): string => (parts.includes(part) ? xml : '');
  return parseDefinition(`<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
    <name>${name}</name><uuid>${uuidOf('vm', name)}</uuid><memory unit='MiB'>64</memory><vcpu>1</vcpu>
    <os>
      <type arch='x86_64' machine='q35'>hvm</type>
      <loader readonly='yes' type='rom'>${firmware}</loader>
    </os>
    <cpu mode='maximum' migratable='on'/>
    <devices>
      <emulator>/usr/bin/qemu-system-x86_64</emulator>
      ${ifPart('disk', disk)}${ifPart('network', network)}
      <controller type='usb' model='none'/><memballoon model='none'/>
    </devices>
    ${ifPart('noise', memory)}
  </domain>`);
}

/** The same VM under another name, or another VM under its name. */
export function withOther(vm: VmDefinition, what: 'name' | 'uuid'): VmDefinition {
  const other = `${vm.name}b`;
  if (what === 'name') return { ...vm, name: other, xml: vm.xml.replace(vm.name, other) };
  const uuid = uuidOf('vm', other);
  return { ...vm, uuid, xml: vm.xml.replace(vm.uuid, uuid) };
}
