import { expect, test } from 'vitest';
import { contains, isAddress, overlap, parseSubnet, type Subnet } from './ipv4.ts';

const subnet = (text: string): Subnet => parseSubnet(text) ?? expect.fail(`${text} is no subnet`);

test.each(['10.77.0.11', '0.0.0.0', '255.255.255.255'])('%s is an address', (text) => {
  expect(isAddress(text)).toBe(true);
});

test.each(['10.77.0', '10.77.0.256', '10.77.0.1.', '10.77.0.1 ', 'fe80::1', ''])(
  '%j is no address',
  (text) => {
    expect(isAddress(text)).toBe(false);
  },
);

test.each(['10.77.0.0/33', '10.77.0.0/', '10.77.0.0/24/1', 'default', '10.77.0/24'])(
  '%s is no subnet',
  (text) => {
    expect(parseSubnet(text)).toBeUndefined();
  },
);

test('a subnet holds its first and last address and no other', () => {
  const lan = subnet('10.77.0.0/24');
  expect(['10.76.255.255', '10.77.0.0', '10.77.0.255', '10.77.1.0'].map((it) => contains(lan, it))).toEqual([
    false,
    true,
    true,
    false,
  ]);
  expect(contains(subnet('192.168.0.0/16'), '192.168.200.1')).toBe(true);
});

test('subnets overlap when one holds the other', () => {
  expect(overlap(subnet('10.0.0.0/8'), subnet('10.77.0.0/24'))).toBe(true);
  expect(overlap(subnet('10.77.0.0/24'), subnet('10.77.0.9'))).toBe(true);
  expect(overlap(subnet('10.77.0.0/24'), subnet('10.77.1.0/24'))).toBe(false);
});
