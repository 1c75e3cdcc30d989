/** What is placed at once: one VM, or several that the rules keep on one host. */
import { fits } from '../engine/filters.ts';
import type { Herd, HerdHost, HerdVm } from '../engine/herd.ts';
import { compareNames } from '../engine/wording.ts';

export interface Unit {
  readonly vms: readonly HerdVm[];
  readonly memoryMiB: number;
  readonly vcpus: number;
  readonly cpuCores: number;
}

/** Whether a VM may be put on a host, besides what the rules of the engine say. */
export type MayUse = (vm: HerdVm, host: HerdHost) => boolean;

/** The VMs as units, in the order of their names. */
export function unitsOf(vms: readonly HerdVm[]): Unit[] {
  const left = new Set(vms);
  const units: Unit[] = [];
  for (const vm of vms.toSorted((a, b) => compareNames(a.name, b.name))) {
    if (!left.has(vm)) continue;
    const tied = tiedTo(vm, left);
    for (const one of tied) left.delete(one);
    units.push(unitOf(tied));
  }
  return units;
}

/** Puts the whole unit on the host; where a VM of it does not fit, none of it stays there. */
export function placeUnit(herd: Herd, unit: Unit, host: HerdHost, mayUse: MayUse): boolean {
  for (const [at, vm] of unit.vms.entries()) {
    if (mayUse(vm, host) && fits(herd, vm, host)) {
      herd.place(vm, host);
      continue;
    }
    for (const placed of unit.vms.slice(0, at)) herd.remove(placed);
    return false;
  }
  return true;
}

export function removeUnit(herd: Herd, unit: Unit): void {
  for (const vm of unit.vms) herd.remove(vm);
}

/** Where the unit is; undefined: nowhere. */
export function homeOf({ vms }: Unit): HerdHost | undefined {
  return vms[0]?.home;
}

/** VMs as one unit. */
export function unitOf(vms: readonly HerdVm[]): Unit {
  const sum = (what: 'memoryMiB' | 'vcpus' | 'cpuCores'): number =>
    vms.reduce((total, { room }) => total + room[what], 0);
  return { vms, memoryMiB: sum('memoryMiB'), vcpus: sum('vcpus'), cpuCores: sum('cpuCores') };
}

/** The VM, and those among the others that must be where it is, also by way of a third. */
function tiedTo(vm: HerdVm, others: ReadonlySet<HerdVm>): HerdVm[] {
  const tied = new Set([vm]);
  for (const one of tied)
    for (const { facts, members } of one.rules)
      if (facts.kind === 'together' && facts.strength === 'must')
        for (const member of members) if (others.has(member)) tied.add(member);
  return [...tied].toSorted((a, b) => compareNames(a.name, b.name));
}
