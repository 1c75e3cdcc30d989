/** How much hosts, VMs and clusters use of what there is; pure, of what the hosts answered. */
import type { InventoryHost, VmFacts, VmState } from '../../model/inventory.ts';

/** A VM in one of these states has its memory on its host. */
const holdingMemory: readonly VmState[] = [
  'running',
  'paused',
  'migratingIn',
  'shuttingDown',
  'suspendedToRam',
];

export function holdsMemory({ state }: Pick<VmFacts, 'state'>): boolean {
  return holdingMemory.includes(state);
}

export interface Used {
  readonly vms: number;
  readonly runningVms: number;
  /** Absent where a host's use was not measured. */
  readonly cpuBusyCores?: number;
  readonly cpus: number;
  readonly memoryUsedMiB: number;
  readonly memoryMiB: number;
}

/** Of one host; undefined where it does not answer. */
export function usedOf({ answer }: InventoryHost): Used | undefined {
  if (!answer.reachable) return undefined;
  const { vms, cpus, memoryMiB, cpuBusyCores } = answer.facts;
  return {
    vms: vms.length,
    runningVms: vms.filter(({ state }) => state === 'running').length,
    ...(cpuBusyCores === undefined ? {} : { cpuBusyCores }),
    cpus,
    memoryUsedMiB: vms.filter(holdsMemory).reduce((sum, vm) => sum + vm.memoryMiB, 0),
    memoryMiB,
  };
}

export interface ClusterUse extends Used {
  readonly cluster: string;
  readonly datacenter: string;
  readonly hosts: number;
  /** Hosts that do not answer: what they have and use is in none of the sums. */
  readonly silentHosts: readonly string[];
}

/** In the order of the hosts. */
export function clustersOf(hosts: readonly InventoryHost[]): ClusterUse[] {
  return [...Map.groupBy(hosts, ({ cluster }) => cluster)].map(([cluster, members]) => {
    const used = members.flatMap((host) => usedOf(host) ?? []);
    const sum = (of: (one: Used) => number): number => used.reduce((all, one) => all + of(one), 0);
    const isMeasured = used.every(({ cpuBusyCores }) => cpuBusyCores !== undefined);
    return {
      cluster,
      datacenter: members[0]?.datacenter ?? '',
      hosts: members.length,
      silentHosts: members.filter(({ answer }) => !answer.reachable).map(({ name }) => name),
      vms: sum(({ vms }) => vms),
      runningVms: sum(({ runningVms }) => runningVms),
      ...(isMeasured ? { cpuBusyCores: sum(({ cpuBusyCores = 0 }) => cpuBusyCores) } : {}),
      cpus: sum(({ cpus }) => cpus),
      memoryUsedMiB: sum(({ memoryUsedMiB }) => memoryUsedMiB),
      memoryMiB: sum(({ memoryMiB }) => memoryMiB),
    };
  });
}

/** `62 %`; nothing where a part is unknown. */
export function shareText(used: number | undefined, of: number): string {
  return used === undefined || of <= 0 ? '?' : `${Math.round((used / of) * 100)} %`;
}

export function coresText(value: number | undefined): string {
  return value === undefined ? '?' : value.toFixed(2);
}
