import { describe, expect, test } from 'vitest';
import { parseDefinition } from './definition.ts';

/** A domain's XML with these devices and this memory. */
function domain(devices = '', memory = "<memory unit='KiB'>131072</memory>"): string {
  return `<domain type='kvm' id='3'>
  <name>web1</name><uuid>9F0C7D2E-6F0B-4D0A-9A51-0D5BB6D1C7AA</uuid>${memory}<vcpu placement='static'>2</vcpu>
  <os><type arch='x86_64' machine='pc-i440fx-7.2'>hvm</type></os>
  <devices>${devices}</devices>
</domain>`;
}

test('a definition is read', () => {
  const xml = domain();
  expect(parseDefinition(xml)).toEqual({
    uuid: '9f0c7d2e-6f0b-4d0a-9a51-0d5bb6d1c7aa',
    name: 'web1',
    memoryMiB: 128,
    vcpus: 2,
    disks: [],
    networks: [],
    hostDevices: [],
    stateOutside: [],
    hasHiddenPassword: false,
    xml,
  });
});

describe('the epoch of its lease', () => {
  test.each([
    ['as libvirt writes it', `<drover:lease xmlns:drover="urn:drover:vm" epoch="7"/>`, 7],
    ['under another prefix', `<x:lease xmlns:x="urn:drover:vm" epoch="12"/>`, 12],
    ['without a prefix', `<lease xmlns="urn:drover:vm" epoch="0"/>`, 0],
    [
      'beside the metadata of others',
      `<lease xmlns="urn:x" epoch="9"/><lease xmlns="urn:drover:vm" epoch="7"/>`,
      7,
    ],
    ['of another namespace is none', `<lease xmlns="urn:x" epoch="9"/>`, undefined],
    [
      'inside the metadata of others is none',
      `<x xmlns="urn:x"><lease xmlns="urn:drover:vm" epoch="9"/></x>`,
      undefined,
    ],
    ['that is no number is none', `<lease xmlns="urn:drover:vm" epoch="-1"/>`, undefined],
    [
      'that is too large to be told exactly is none',
      `<lease xmlns="urn:drover:vm" epoch="9007199254740993"/>`,
      undefined,
    ],
  ])('%s', (_, metadata, epoch) => {
    const xml = domain().replace('</uuid>', `</uuid><metadata>${metadata}</metadata>`);
    expect(parseDefinition(xml).epoch).toBe(epoch);
  });
});

describe('memory', () => {
  test.each([
    ["<memory unit='KiB'>1048576</memory>", 1024],
    ['<memory>1048576</memory>', 1024],
    ["<memory unit='k'>1048576</memory>", 1024],
    ["<memory unit='b'>1048576</memory>", 1],
    ["<memory unit='bytes'>1048576</memory>", 1],
    ["<memory unit='MiB'>512</memory>", 512],
    ["<memory unit='M'>512</memory>", 512],
    ["<memory unit='G'>2</memory>", 2048],
    ["<memory unit='GiB'>2</memory>", 2048],
    ["<memory unit='TiB'>1</memory>", 1_048_576],
    ["<memory unit='KB'>1048576</memory>", 1000],
    ["<memory unit='MB'>1048576</memory>", 1_000_000],
    ["<memory unit='GB'>1.048576</memory>", 1000],
  ])('%s', (memory, expected) => {
    expect(parseDefinition(domain('', memory)).memoryMiB).toBeCloseTo(expected, 6);
  });
});

describe('a disk', () => {
  test.each([
    [
      'on the network',
      `<disk type='network' device='disk'><source protocol='nbd' name='web1'><host name='10.78.0.200' port='10809'/></source><target dev='vda'/></disk>`,
      {
        target: 'vda',
        device: 'disk',
        kind: 'network',
        storage: 'nbd://10.78.0.200:10809',
        source: 'nbd://10.78.0.200:10809/web1',
      },
    ],
    [
      'that is a file',
      `<disk type='file'><source file='/srv/vms/web1.qcow2'/><target dev='vdb'/></disk>`,
      {
        target: 'vdb',
        device: 'disk',
        kind: 'file',
        source: '/srv/vms/web1.qcow2',
        path: '/srv/vms/web1.qcow2',
      },
    ],
    [
      'that is a block device',
      `<disk type='block' device='lun'><source dev='/dev/sdb'/><target dev='sda'/></disk>`,
      { target: 'sda', device: 'lun', kind: 'block', source: '/dev/sdb', path: '/dev/sdb' },
    ],
    [
      'of a pool',
      `<disk type='volume'><source pool='fast' volume='web1'/><target dev='vda'/></disk>`,
      { target: 'vda', device: 'disk', kind: 'volume', source: 'volume web1 of pool fast' },
    ],
    [
      'that is an empty drive',
      `<disk type='file' device='cdrom'><target dev='sdc'/></disk>`,
      { target: 'sdc', device: 'cdrom', kind: 'file' },
    ],
    [
      'of a kind that Drover does not know',
      `<disk type='vhostuser'><source type='unix' path='/x'/><target dev='vda'/></disk>`,
      { target: 'vda', device: 'disk', kind: 'other', source: 'a disk of type vhostuser' },
    ],
  ])('%s', (_, xml, expected) => {
    expect(parseDefinition(domain(xml)).disks).toEqual([expected]);
  });
});

describe('devices', () => {
  test('networks are named once, bridges too', () => {
    const nics = `<interface type='bridge'><source bridge='br0'/></interface>
      <interface type='network'><source network='default' bridge='virbr0'/></interface>
      <interface type='bridge'><source bridge='br0'/></interface><interface type='user'/>`;
    expect(parseDefinition(domain(nics)).networks).toEqual(['br0', 'virbr0']);
  });

  test('of the host are told', () => {
    const devices = `<hostdev mode='subsystem' type='pci'/><interface type='hostdev'/><interface type='direct'/>
      <filesystem type='mount'/><tpm model='tpm-crb'/>`;
    const { hostDevices, stateOutside } = parseDefinition(domain(devices));
    expect(hostDevices).toEqual([
      'pci device',
      'network card of type hostdev',
      'network card of type direct',
      'shared folder of the host',
    ]);
    expect(stateOutside).toEqual(['TPM']);
  });

  test('NVRAM is state outside the definition', () => {
    const xml = domain().replace('</os>', '<nvram>/var/lib/libvirt/qemu/nvram/web1.fd</nvram></os>');
    expect(parseDefinition(xml).stateOutside).toEqual(['NVRAM']);
  });

  test('of a snapshot or of metadata inside do not count', () => {
    const xml = domain().replace(
      '<devices>',
      `<metadata><x xmlns='urn:x'><devices><hostdev type='pci'/></devices></x></metadata><devices>`,
    );
    expect(parseDefinition(xml).hostDevices).toEqual([]);
  });
});

describe('what is no definition is refused, and says what came', () => {
  test.each([
    ['nothing', '', 'not well-formed XML where <domain> was expected'],
    ['no XML', 'error: no domain', 'not well-formed XML where <domain> was expected'],
    ['a definition cut short', domain().slice(0, 200), 'not well-formed XML where <domain> was expected'],
    ['an element not closed', '<domain><name>web1</domain>', 'not well-formed XML'],
    ['another element', '<network/>', '<network> where <domain> was expected'],
  ])('%s', (_, xml, expected) => {
    expect(() => parseDefinition(xml)).toThrow(expected);
  });

  test('entities of a document type are not looked up', () => {
    const xml = `<!DOCTYPE domain [<!ENTITY file SYSTEM "file:///etc/hostname">]>${domain().replace('web1', '&file;')}`;
    expect(() => parseDefinition(xml)).toThrow('not well-formed XML');
  });
});

test('hostile text in a definition stays text', () => {
  const xml = domain(
    `<disk type='file'><source file='/srv/&lt;x/&gt;&quot;&amp;.img'/><target dev='vda'/></disk>`,
  );
  expect(parseDefinition(xml).disks[0]?.path).toBe('/srv/<x/>"&.img');
});
