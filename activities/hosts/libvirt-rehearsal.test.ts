import { describe, expect, test } from 'vitest';
import { child, children, parseDefinition, parseXml, textOf } from './definition.ts';
import { isRehearsal, partsOf, rehearsalXml } from './libvirt-rehearsal.ts';

const definition = parseDefinition(`<domain type='kvm' id='3'>
  <name>web1</name><uuid>9f0c7d2e-6f0b-4d0a-9a51-0d5bb6d1c7aa</uuid><memory unit='MiB'>4096</memory><vcpu>8</vcpu>
  <os><type arch='x86_64' machine='pc-i440fx-7.2'>hvm</type><kernel>/boot/guest</kernel></os>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='network' device='disk'>
      <driver name='qemu' type='raw'/>
      <source protocol='nbd' name='web1&quot;/&gt;&lt;evil/&gt;' index='1'><host name='10.78.0.200' port='10809'/><privateData/></source>
      <target dev='vda' bus='virtio'/><boot order='1'/><serial>s1</serial><alias name='virtio-disk0'/><address type='pci' slot='0x04'/>
    </disk>
    <disk type='file' device='cdrom'><target dev='sda' bus='sata'/></disk>
    <interface type='bridge'>
      <mac address='52:54:00:00:00:01'/><source bridge='br0' portid='x'/><target dev='vnet0'/><model type='virtio'/><alias name='net0'/><address type='pci' slot='0x03'/>
    </interface>
    <interface type='bridge'><mac address='52:54:00:00:00:02'/><source bridge='br0'/></interface>
    <hostdev type='pci'/><channel type='unix'/><graphics type='vnc' port='5900'/>
  </devices>
</domain>`);
const parts = partsOf(definition);
const xml = rehearsalXml(definition, parts);
const root = parseXml(xml, 'domain');
const devices = child(root, 'devices');
if (!devices) throw new Error(`no devices in ${xml}`);

describe('the throw-away VM of a rehearsal', () => {
  test('has the disks with media and each network once, and no other device of the original', () => {
    expect(parts.map(({ kind, name }) => `${kind} ${name}`)).toEqual(['disk vda', 'network br0']);
    expect(children(devices, 'disk')).toHaveLength(1);
    expect(children(devices, 'interface')).toHaveLength(1);
    for (const device of ['hostdev', 'channel', 'graphics']) expect(children(devices, device)).toEqual([]);
  });

  test('opens every disk read-only', () => {
    for (const disk of children(devices, 'disk')) {
      expect(children(disk, 'readonly')).toHaveLength(1);
      // libvirt refuses to share any other format.
      const isRaw = child(disk, 'driver')?.getAttribute('type') === 'raw';
      expect(children(disk, 'shareable')).toHaveLength(isRaw ? 1 : 0);
    }
  });

  test('keeps its network cards down', () => {
    for (const nic of children(devices, 'interface'))
      expect(child(nic, 'link')?.getAttribute('state')).toBe('down');
  });

  test('has nothing that only one VM may have', () => {
    for (const element of ['mac', 'address', 'alias', 'boot', 'serial', 'uuid', 'kernel', 'privateData'])
      expect(xml).not.toContain(`<${element}`);
    expect(xml).not.toMatch(/portid|index=|vnet0|52:54:00/);
  });

  test('is small, of the original’s machine, and gone whatever happens in it', () => {
    expect(root.getAttribute('type')).toBe('kvm');
    expect(textOf(root, 'memory')).toBe('16');
    expect(textOf(root, 'vcpu')).toBe('1');
    expect(child(child(root, 'os'), 'type')?.getAttribute('machine')).toBe('pc-i440fx-7.2');
    for (const event of ['on_poweroff', 'on_reboot', 'on_crash']) expect(textOf(root, event)).toBe('destroy');
  });

  test('has a name of its own each time, by which no list shows it', () => {
    const names = [xml, rehearsalXml(definition, parts)].map((text) =>
      textOf(parseXml(text, 'domain'), 'name'),
    );
    expect(new Set(names).size).toBe(2);
    expect(names.every(isRehearsal)).toBe(true);
    expect(isRehearsal('web1')).toBe(false);
  });

  test('holds hostile text as text', () => {
    const disk = child(devices, 'disk');
    expect(child(disk, 'source')?.getAttribute('name')).toBe('web1"/><evil/>');
    expect(children(devices, 'evil')).toEqual([]);
  });

  test('takes hostile attributes of the machine as text', () => {
    const hostile = parseDefinition(
      definition.xml.replace("machine='pc-i440fx-7.2'", `machine='pc&quot;&gt;&lt;evil/&gt;'`),
    );
    const type = child(child(parseXml(rehearsalXml(hostile, []), 'domain'), 'os'), 'type');
    expect(type?.getAttribute('machine')).toBe('pc"><evil/>');
  });

  test('leaves the definition as it was', () => {
    expect(definition.xml).toContain('52:54:00:00:00:01');
    expect(partsOf(definition)).toEqual(parts);
  });
});
