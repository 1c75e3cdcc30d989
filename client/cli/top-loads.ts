/** The load of hosts and VMs, the busiest first, as `drover top` shows it. */
import type { InventoryHost } from '../../model/inventory.ts';
import { compareNaturally } from '../natural-order.ts';
import { hostLabels, vmLabels } from './labels.ts';
import { coresText, holdsMemory, shareText, usedOf } from './used.ts';
import { selects, type Labels, type Requirement } from './selector.ts';

export type SortKey = 'cpu' | 'memory';

export interface Load {
  readonly name: string;
  readonly data: object;
  readonly row: readonly string[];
  readonly labels: Labels;
  /** What it is sorted by; -1 where it is not known. */
  readonly cpu: number;
  readonly memory: number;
}

export const loadHead = {
  hosts: ['HOST', 'CLUSTER', 'STATE', 'CPU', 'CPU SHARE', 'MEMORY MIB', 'MEMORY SHARE', 'RUNNING VMS'],
  vms: ['VM', 'HOST', 'STATE', 'CPU', 'OF ITS VCPUS', 'OF THE HOST', 'MEMORY MIB'],
} as const;

interface Wanted {
  readonly selector: readonly Requirement[];
  readonly sort: SortKey;
}

/** By the share of the host's own cores or memory that is used. */
export function hostLoads(hosts: readonly InventoryHost[], wanted: Wanted): Found {
  return found(hosts.map(hostLoad), wanted);
}

/** By the cores that they use; of VMs that are off there is no load. */
export function vmLoads(hosts: readonly InventoryHost[], wanted: Wanted): Found {
  return found(hosts.flatMap(vmLoadsOf), wanted);
}

export function loadRow({ row }: Load): readonly string[] {
  return row;
}

interface Found {
  readonly loads: readonly Load[];
  /** Labels of all that there are, before the selection. */
  readonly all: readonly Labels[];
}

function found(all: readonly Load[], { selector, sort }: Wanted): Found {
  const loads = all
    .filter(({ labels }) => selects(selector, labels))
    .toSorted((a, b) => b[sort] - a[sort] || compareNaturally(a.name, b.name));
  return { loads, all: all.map(({ labels }) => labels) };
}

function hostLoad(host: InventoryHost): Load {
  const { name, cluster } = host;
  const labels = hostLabels(host);
  const state = labels['state'] ?? '';
  const used = usedOf(host);
  const common = { name, labels };
  if (!used)
    return {
      ...common,
      data: { host: name, cluster, state },
      row: [name, cluster, state],
      cpu: -1,
      memory: -1,
    };
  const { cpuBusyCores, cpus, memoryUsedMiB, memoryMiB, runningVms } = used;
  return {
    ...common,
    data: { host: name, cluster, state, ...used },
    row: [
      name,
      cluster,
      state,
      `${coresText(cpuBusyCores)} of ${cpus}`,
      shareText(cpuBusyCores, cpus),
      `${memoryUsedMiB} of ${memoryMiB}`,
      shareText(memoryUsedMiB, memoryMiB),
      String(runningVms),
    ],
    cpu: cpuBusyCores === undefined ? -1 : cpuBusyCores / cpus,
    memory: memoryUsedMiB / memoryMiB,
  };
}

function vmLoadsOf(host: InventoryHost): Load[] {
  if (!host.answer.reachable) return [];
  const { cpus, vms } = host.answer.facts;
  return vms.filter(holdsMemory).map((vm) => {
    const { name, state, cpuBusyCores, vcpus, memoryMiB } = vm;
    return {
      name,
      labels: vmLabels(host, vm),
      data: {
        vm: name,
        host: host.name,
        state,
        ...(cpuBusyCores === undefined
          ? {}
          : { cpuBusyCores, shareOfVcpus: cpuBusyCores / vcpus, shareOfHost: cpuBusyCores / cpus }),
        vcpus,
        memoryMiB,
      },
      row: [
        name,
        host.name,
        state,
        coresText(cpuBusyCores),
        `${shareText(cpuBusyCores, vcpus)} of ${vcpus}`,
        shareText(cpuBusyCores, cpus),
        String(memoryMiB),
      ],
      cpu: cpuBusyCores ?? -1,
      memory: memoryMiB,
    };
  });
}
