/** What a simulated datacenter is made from: its schema, and a generator for one of any size. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Name, VmName } from '../../model/names.ts';

export const HostSpec = z.strictObject({
  name: Name,
  cluster: Name.default('main'),
  datacenter: Name.default('sim1'),
  cpus: z.number().positive().default(16),
  memoryMiB: z.int().positive().default(65_536),
  /** Memory is copied out of and into it at this rate, shared by its migrations. */
  bandwidthMiBps: z.number().positive().default(1000),
  networks: z.array(z.string()).default(['br0']),
  /** Storage servers that it is connected to. */
  storage: z.array(z.string()).default(['san1']),
  failureDomains: z.record(Name, Name).default({}),
  hypervisor: z.string().default('QEMU 7.2.22'),
});
export type HostSpec = z.infer<typeof HostSpec>;

export const VmSpec = z.strictObject({
  name: VmName,
  host: Name,
  memoryMiB: z.int().positive().default(1024),
  vcpus: z.int().positive().default(1),
  network: z.string().default('br0'),
  storage: z.string().default('san1'),
  /** Cores that it would use if it got them. */
  loadCores: z.number().nonnegative().default(0.1),
  /** Memory that it writes anew, in MiB/s: what makes a migration long, or endless. */
  dirtyMiBps: z.number().nonnegative().default(5),
  /** Its storage refuses a second writer (QEMU's image lock): without one, nothing but Drover stops two copies. */
  locksDisk: z.boolean().default(false),
  isRunning: z.boolean().default(true),
});
export type VmSpec = z.infer<typeof VmSpec>;

export const DatacenterSpec = z.strictObject({
  hosts: z.array(HostSpec).min(1),
  vms: z.array(VmSpec).default([]),
});
export type DatacenterSpec = z.infer<typeof DatacenterSpec>;

/** A UUID that is the same each time for the same name. */
export function uuidOf(kind: 'host' | 'vm', name: string): string {
  const hex = createHash('sha256').update(`${kind}/${name}`).digest('hex');
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** How large a generated datacenter is. */
export interface Size {
  readonly hosts: number;
  readonly vms: number;
  /** Hosts behind each switch; default 20. */
  readonly hostsPerSwitch?: number;
}

/**
 * A datacenter of any size, the same each time: equal hosts, VMs of 1 to 4 GiB dealt out in turn. Each round of dealing
 * begins one size further, so that no host gets VMs of one size alone.
 */
export function generateDatacenter({ hosts, vms, hostsPerSwitch = 20 }: Size): DatacenterSpec {
  const memories = [1024, 2048, 1024, 4096];
  return DatacenterSpec.parse({
    hosts: Array.from({ length: hosts }, (_, at) => ({
      name: `host${at + 1}`,
      failureDomains: { switch: `sw${Math.floor(at / hostsPerSwitch) + 1}` },
    })),
    vms: Array.from({ length: vms }, (_, at) => {
      const [host, round] = [at % hosts, Math.floor(at / hosts)];
      const turn = host + round;
      return {
        name: `vm${at + 1}`,
        host: `host${host + 1}`,
        memoryMiB: memories[turn % memories.length],
        vcpus: 1 + (turn % 2),
        loadCores: 0.1 + (turn % 7) * 0.05,
        dirtyMiBps: turn % 11,
      };
    }),
  });
}
