/**
 * VMs that a snapshot lists more than once: a migration fills a copy on a second host, a leftover still runs, or two
 * VMs have one name. Such a VM must not stop the planning of all others.
 */
import type { PlannerReservation, PlannerVm } from '../../model/placement.ts';
import { compareNames } from './wording.ts';

/** Every name once, and the room that further listings hold where they are. */
export interface Listings {
  readonly vms: readonly PlannerVm[];
  readonly copies: readonly PlannerReservation[];
}

/**
 * Takes of each name one listing, that of a running VM first and then by the host's name, so that the order of the
 * snapshot does not matter. Which copy is the right one is not known here: all of them hold their room, and other
 * VMs are kept apart from all of them. Whoever knows lists that one alone, and the others as reservations.
 */
export function listingsOf(listed: readonly PlannerVm[]): Listings {
  const main = new Map<string, PlannerVm>();
  const others: PlannerVm[] = [];
  for (const vm of listed) {
    const before = main.get(vm.name);
    const isMain = before === undefined || precedes(vm, before);
    if (isMain) main.set(vm.name, vm);
    if (before) others.push(isMain ? before : vm);
  }
  return { vms: [...main.values()], copies: others.flatMap(held) };
}

function precedes(vm: PlannerVm, other: PlannerVm): boolean {
  if (vm.running !== other.running) return vm.running;
  return compareNames(vm.host ?? '', other.host ?? '') < 0;
}

function held(copy: PlannerVm): PlannerReservation[] {
  if (!copy.running || copy.host === undefined) return [];
  const { name: vm, host, memoryMiB, cpuBusyCores = 0 } = copy;
  return [{ operation: 'another copy', host, vm, memoryMiB, cpuCores: cpuBusyCores }];
}
