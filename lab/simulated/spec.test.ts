/** A generated datacenter is one that could be. */
import { expect, test } from 'vitest';
import { generateDatacenter } from './spec.ts';

test.each([
  { hosts: 1000, vms: 20_000 },
  { hosts: 20, vms: 200 },
  { hosts: 7, vms: 140 },
])('of $hosts hosts with $vms VMs none is over its memory, and each has VMs of every size', (size) => {
  const { hosts, vms } = generateDatacenter(size);
  const sizes = new Map(hosts.map(({ name }) => [name, [] as number[]]));
  for (const { host, memoryMiB } of vms) sizes.get(host)?.push(memoryMiB);
  for (const { name, memoryMiB } of hosts) {
    const there = sizes.get(name) ?? [];
    expect(there.reduce((sum, of) => sum + of, 0)).toBeLessThanOrEqual(memoryMiB);
    expect(new Set(there)).toEqual(new Set([1024, 2048, 4096]));
  }
});
