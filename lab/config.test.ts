import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { defaultConfigFile, parseConfig, readConfig } from './config.ts';

const text = readFileSync(defaultConfigFile, 'utf8');

test('the default lab has a weak and a strong host on switches of their own', () => {
  const config = readConfig();
  expect(config.folder).toBe('/var/lib/drover-lab/drover');
  expect(config.hosts).toMatchObject([
    { name: 'host1', cluster: 'main', datacenter: 'dc1', switch: 'sw1', cpus: 0.4 },
    { name: 'host2', cluster: 'main', datacenter: 'dc1', switch: 'sw2', cpus: 1.5 },
  ]);
  expect(config.vms).toMatchObject([{ name: 'web1', host: 'host1', memoryMiB: 128 }]);
});

test('a VM keeps its UUID from one reading to the next, and another lab gives it another', () => {
  const [one, same, other] = [text, text, text.replace('name: drover', 'name: beside')].map(
    (file) => parseConfig(file).vms[0]?.uuid,
  );
  expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(same).toBe(one);
  expect(other).not.toBe(one);
});

const host1 = 'datacenters.dc1.clusters.main.hosts.host1';

test.each([
  ['a value of the wrong kind', 'cpus: 0.4', 'cpus: lots', `${host1}.cpus: `],
  ['a key that nobody knows', 'cpus: 0.4', 'cpus: 0.4\n            cpuz: 1', `${host1}: `],
  ['an address that is none', '10.77.0.11', '10.77.0.300', `${host1}.address: must be an IPv4 address`],
  [
    'an address outside of the LAN',
    '10.77.0.11',
    '10.79.0.11',
    `${host1}.address: 10.79.0.11 is not in 10.77.0.0/24`,
  ],
  ['an address used twice', '10.77.0.12', '10.77.0.11', 'hosts.host2.address: 10.77.0.11 is already used by'],
  [
    'a port used twice',
    '18002',
    '9090',
    'hosts.host2.bmcPort: port 9090 is already used by ports.prometheus',
  ],
  [
    'a switch that is not there',
    'switch: sw1',
    'switch: sw9',
    `${host1}.switch: no switch sw9; there are sw1, sw2`,
  ],
  [
    'a VM on a host that is not there',
    'host: host1',
    'host: host9',
    'vms.web1.host: no host host9; there are host1, host2',
  ],
  ['subnets that overlap', 'subnet: 10.78.0.0/24', 'subnet: 10.77.0.0/16', 'storage.subnet: overlaps'],
  ['a name too long for its links', 'name: drover', 'name: drover-lab', 'name: must be a lower-case letter'],
  [
    'a host named as the network is',
    'host2:',
    'net:',
    'host net: namespace drover-net is already used by name',
  ],
  ['something that is no YAML', 'switches: [sw1', 'switches: [[sw1', 'line'],
])('%s is refused with its place in the file', (_, from, to, expected) => {
  expect(text).toContain(from);
  expect(() => parseConfig(text.replace(from, to), 'my-lab.yaml')).toThrow(expected);
  expect(() => parseConfig(text.replace(from, to), 'my-lab.yaml')).toThrow('my-lab.yaml');
});

test('a file that is not there is named', () => {
  expect(() => readConfig('/no/such/lab.yaml')).toThrow('/no/such/lab.yaml');
});

test('two datacenters are data', () => {
  const second = text
    .slice(text.indexOf('  dc1:'), text.indexOf('vms:'))
    .replace('dc1', 'dc2')
    .replace('main:', 'far:')
    .replaceAll('10.77.', '10.79.')
    .replaceAll('10.78.', '10.80.')
    .replaceAll(/\b(sw|host)([12])\b/g, '$1$23')
    .replaceAll(/Port: (\d+)/g, (_, port: string) => `Port: ${Number(port) + 10}`);
  const config = parseConfig(text.replace('vms:', `${second.trimEnd()}\n\nvms:`));
  expect(config.clusters).toEqual([
    { name: 'main', datacenter: 'dc1' },
    { name: 'far', datacenter: 'dc2' },
  ]);
  expect(config.hosts.map(({ name, datacenter }) => `${name} ${datacenter}`)).toEqual([
    'host1 dc1',
    'host2 dc1',
    'host13 dc2',
    'host23 dc2',
  ]);
});
