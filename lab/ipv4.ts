/** IPv4 subnets as numbers: is an address inside, do two overlap. */

export interface Subnet {
  readonly first: number;
  readonly last: number;
  readonly prefixLength: number;
}

const dottedQuad = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;

export function isAddress(text: string): boolean {
  return dottedQuad.test(text);
}

/** The address as a number from 0 to 2^32-1. */
export function addressNumber(address: string): number {
  return address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
}

/** Reads `10.77.0.0/24` (a bare address is a /32); undefined if it is no subnet. */
export function parseSubnet(text: string): Subnet | undefined {
  const [address = '', length = '32', ...rest] = text.split('/');
  const prefixLength = Number(length);
  if (rest.length > 0 || !isAddress(address) || !/^\d{1,2}$/.test(length) || prefixLength > 32)
    return undefined;
  const size = 2 ** (32 - prefixLength);
  const first = Math.floor(addressNumber(address) / size) * size;
  return { first, last: first + size - 1, prefixLength };
}

export function contains(subnet: Subnet, address: string): boolean {
  const number = addressNumber(address);
  return number >= subnet.first && number <= subnet.last;
}

export function overlap(a: Subnet, b: Subnet): boolean {
  return a.first <= b.last && b.first <= a.last;
}
