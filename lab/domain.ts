/** The libvirt definition of a VM of the lab. */
import { join } from 'node:path';
import type { DatacenterConfig, VmConfig } from './config.ts';
import type { LabContext } from './context.ts';
import { hostBridge, macOf } from './names.ts';
import { nbdPort } from './san.ts';

/** Text and attribute values alike. */
export function escapeXml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&apos;',
  };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/**
 * The serial line goes to a file under the host's private log folder, the same path on every host: a migration opens
 * it at the target. Type `qemu`, so the lab needs no hardware virtualisation. `<name>` stands on a line of its own,
 * as Pacemaker's VirtualDomain agent wants it.
 */
export function domainXml({ paths }: LabContext, vm: VmConfig, datacenter: DatacenterConfig): string {
  const prefix = datacenter.lan.subnet.split('/')[1] ?? '24';
  const kernel = escapeXml(join(paths.guest, 'kernel'));
  const initrd = escapeXml(join(paths.guest, 'initrd'));
  const name = escapeXml(vm.name);
  const commandLine = escapeXml(
    `console=ttyS0 quiet cryptomgr.notests vmname=${vm.name} vmip=${vm.address}/${prefix}`,
  );
  return `<domain type='qemu'>
  <name>${name}</name>
  <uuid>${vm.uuid}</uuid>
  <memory unit='MiB'>${vm.memoryMiB}</memory>
  <vcpu>${vm.vcpus}</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>${kernel}</kernel>
    <initrd>${initrd}</initrd>
    <cmdline>${commandLine}</cmdline>
  </os>
  <features><acpi/><apic/></features>
  <cpu mode='maximum' migratable='on'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='network' device='disk'>
      <driver name='qemu' type='raw' cache='none'/>
      <source protocol='nbd' name='${name}'>
        <host name='${escapeXml(datacenter.storage.san)}' port='${nbdPort}'/>
        <reconnect delay='10'/>
      </source>
      <target dev='vda' bus='virtio'/>
    </disk>
    <interface type='bridge'>
      <mac address='${macOf('52:54', vm.address)}'/>
      <source bridge='${hostBridge}'/>
      <model type='virtio'/>
    </interface>
    <serial type='file'>
      <source path='/var/log/libvirt/qemu/${name}-console.log' append='on'/>
      <target port='0'/>
    </serial>
    <controller type='usb' model='none'/>
    <memballoon model='virtio'/>
  </devices>
</domain>
`;
}
