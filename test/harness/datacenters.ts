/** The datacenters in which scenarios play: the same hosts, so that one `drover.yaml` is right for both. */
import { DatacenterSpec } from '../../lab/simulated/spec.ts';

/** A weak host, one that is better and one that is best; storage without a lock. */
const hosts = [
  { name: 'host1', cpus: 0.5 },
  { name: 'host2', cpus: 4 },
  { name: 'host3', cpus: 2 },
].map((host) => ({ ...host, memoryMiB: 2048, bandwidthMiBps: 400 }));

/** Starved where it is. */
const vm1 = { name: 'vm1', host: 'host1', memoryMiB: 256, loadCores: 1, dirtyMiBps: 20 };
const idle = (name: string) => ({ name, host: 'host1', memoryMiB: 256, loadCores: 0.02 });

export const datacenters = {
  /** Room for all on any two hosts. */
  small: DatacenterSpec.parse({
    hosts,
    vms: [vm1, { name: 'vm2', host: 'host2', memoryMiB: 256 }, idle('vm3')],
  }),
  /** Room for two of the four VMs of host1 on host2, and for one on host3. */
  crowded: DatacenterSpec.parse({
    hosts,
    vms: [
      vm1,
      { name: 'vm2', host: 'host2', memoryMiB: 1500 },
      idle('vm3'),
      idle('vm4'),
      idle('vm5'),
      { name: 'vm6', host: 'host3', memoryMiB: 1600 },
    ],
  }),
} as const;

export const datacenterNames = ['small', 'crowded'] as const satisfies readonly (keyof typeof datacenters)[];
