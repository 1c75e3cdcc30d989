/**
 * How much CPU each VM wants. What it uses says so only while its host has CPU to give: on a saturated host a VM
 * gets less than it wants, and a plan made from its use would send it to a host that is as short.
 */
import type { PlannerHost, PlannerVm, Snapshot } from '../../model/placement.ts';
import { exactly } from './room.ts';
import type { EngineSettings } from './settings.ts';
import { counted, plain } from './wording.ts';

/** Why a VM is counted with so many cores. */
export type DemandBasis = 'measured' | 'hostSaturated' | 'notMeasured' | 'notRunning';

/** The CPU that a VM is taken to want. */
export interface CpuDemand {
  readonly cores: number;
  readonly basis: DemandBasis;
}

/** The demands of a snapshot's VMs, and the load on its hosts that none of these VMs explains. */
export interface Demands {
  of(vm: PlannerVm): CpuDemand;
  /** Cores that the host is busy beyond what its VMs in the snapshot use. */
  unaccounted(host: PlannerHost): number;
}

/** Estimates every VM's demand: its measured use; all its vCPUs where its use says too little. */
export function demandsOf(snapshot: Snapshot, settings: EngineSettings): Demands {
  const usedOn = new Map<string, number>();
  for (const vm of snapshot.vms) {
    if (!vm.running || vm.host === undefined || vm.cpuBusyCores === undefined) continue;
    usedOn.set(vm.host, (usedOn.get(vm.host) ?? 0) + exactly(vm.cpuBusyCores));
  }
  const saturated = new Set<string>();
  for (const host of snapshot.hosts) {
    const busy = exactly(host.cpuBusyCores ?? usedOn.get(host.name) ?? 0);
    if (busy >= exactly(host.cpus * settings.saturatedRatio)) saturated.add(host.name);
  }
  const unmeasuredOn = new Set<string>();
  for (const vm of snapshot.vms) {
    if (vm.running && vm.host !== undefined && vm.cpuBusyCores === undefined) unmeasuredOn.add(vm.host);
  }
  return {
    of(vm) {
      if (!vm.running) return { cores: vm.vcpus, basis: 'notRunning' };
      if (vm.cpuBusyCores === undefined) return { cores: vm.vcpus, basis: 'notMeasured' };
      if (vm.host !== undefined && saturated.has(vm.host)) {
        return { cores: Math.max(vm.vcpus, vm.cpuBusyCores), basis: 'hostSaturated' };
      }
      return { cores: vm.cpuBusyCores, basis: 'measured' };
    },
    unaccounted(host) {
      // What an unmeasured VM uses is in the host's figure, and the VM is counted with all its vCPUs already.
      if (host.cpuBusyCores === undefined || unmeasuredOn.has(host.name)) return 0;
      return Math.max(0, exactly(host.cpuBusyCores) - (usedOn.get(host.name) ?? 0));
    },
  };
}

/** Why the VM is counted with so many cores, in words: "web1 is counted with its 2 vCPUs: host1 is saturated ...". */
export function demandReason(vm: PlannerVm, demand: CpuDemand): string {
  if (demand.basis === 'measured') return `${vm.name} uses ${counted(demand.cores, 'core')}`;
  const why = {
    hostSaturated: `it uses ${plain(vm.cpuBusyCores ?? 0)}, but ${vm.host} is saturated and it may want all its vCPUs`,
    notMeasured: 'its use was not measured, and it may want all its vCPUs',
    notRunning: 'it does not run yet, and may want all its vCPUs',
  };
  return `${vm.name} is counted with ${counted(demand.cores, 'core')}: ${why[demand.basis]}`;
}
