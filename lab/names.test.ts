import { expect, test } from 'vitest';
import * as names from './names.ts';

test('the longest names that the settings allow fit into an interface name', () => {
  const [lab, datacenter, host, switchName] = ['l'.repeat(7), 'd'.repeat(7), 'h'.repeat(10), 's'.repeat(10)];
  const links = [
    names.managementLink(lab, datacenter),
    names.coreBridge(datacenter),
    names.storageBridge(datacenter),
    names.managementPort(datacenter),
    names.sanPort(datacenter),
    names.trunkAtSwitch(switchName),
    names.trunkAtCore(switchName),
    names.hostLanPort(host),
    names.hostStoragePort(host),
  ];
  expect(links.filter((link) => link.length > names.longestInterfaceName)).toEqual([]);
});

test('everything in the machine’s own namespace begins with the lab’s name', () => {
  for (const name of [
    names.networkNamespace('beside'),
    names.hostNamespace('beside', 'host1'),
    names.sanNamespace('beside', 'dc1'),
    names.hostCgroup('beside', 'host1'),
    names.managementLink('beside', 'dc1'),
  ])
    expect(name).toMatch(/^beside-/);
});

test('a MAC address follows from the IP address', () => {
  expect(names.macOf('52:54', '10.77.0.101')).toBe('52:54:0a:4d:00:65');
});

test('a stable UUID tells its words apart', () => {
  expect(names.stableUuid('vm', 'ab', 'c')).not.toBe(names.stableUuid('vm', 'a', 'bc'));
});
