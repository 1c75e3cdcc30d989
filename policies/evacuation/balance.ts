/** Lowers the load of the busiest host among those that took units: no host is to suffer for the others' maintenance. */
import type { HerdHost } from '../engine/herd.ts';
import { isKept } from '../engine/rules.ts';
import { compareNames } from '../engine/wording.ts';
import type { Search } from './search.ts';
import { homeOf, placeUnit, removeUnit, type Unit } from './units.ts';

/** Moves units elsewhere, or swaps two, as long as the busier of the two hosts becomes less busy than before. */
export function balance(search: Search, units: readonly Unit[], mostSwaps: number): void {
  let tries = 0;
  const atRest = new Set<HerdHost>();
  for (;;) {
    const busiest = busiestOf(units, atRest);
    if (!busiest) return;
    const own = units
      .filter((unit) => homeOf(unit) === busiest)
      .toSorted((a, b) => b.cpuCores - a.cpuCores || compareNames(nameOf(a), nameOf(b)));
    const eased = own.some((unit) => {
      tries += 1;
      return (
        tries <= mostSwaps && (moveAway(search, unit, busiest) || swapAway(search, unit, busiest, units))
      );
    });
    if (eased) atRest.clear();
    else atRest.add(busiest);
  }
}

/** The share of its cores that the host's VMs want. */
export function loadOf(host: HerdHost): number {
  return host.used.cpuCores / host.capacity.cpuCores;
}

function busiestOf(units: readonly Unit[], atRest: ReadonlySet<HerdHost>): HerdHost | undefined {
  let busiest: HerdHost | undefined;
  for (const unit of units) {
    const home = homeOf(unit);
    if (!home || atRest.has(home)) continue;
    if (!busiest || loadOf(home) > loadOf(busiest)) busiest = home;
  }
  return busiest;
}

function moveAway(search: Search, unit: Unit, from: HerdHost): boolean {
  const before = loadOf(from);
  const { herd, mayUse, weights } = search;
  const [vm] = unit.vms;
  if (!vm) return false;
  const after = (host: HerdHost): number => (host.used.cpuCores + unit.cpuCores) / host.capacity.cpuCores;
  const targets = search.open
    .filter((host) => host !== from && after(host) < before)
    .toSorted((a, b) => after(a) - after(b) || compareNames(a.name, b.name));
  const wishes = wishesKept(search, unit, from);
  removeUnit(herd, unit);
  for (const host of targets) {
    if (!placeUnit(herd, unit, host, mayUse)) continue;
    if (weights.rules === 0 || wishesKept(search, unit, host) >= wishes) return true;
    removeUnit(herd, unit);
  }
  for (const one of unit.vms) herd.place(one, from);
  return false;
}

function swapAway(search: Search, unit: Unit, from: HerdHost, units: readonly Unit[]): boolean {
  const { herd, mayUse } = search;
  const before = loadOf(from);
  for (const other of units) {
    const to = homeOf(other);
    if (!to || to === from || other.cpuCores >= unit.cpuCores) continue;
    const eased = (from.used.cpuCores - unit.cpuCores + other.cpuCores) / from.capacity.cpuCores;
    const loaded = (to.used.cpuCores + unit.cpuCores - other.cpuCores) / to.capacity.cpuCores;
    if (Math.max(eased, loaded) >= before) continue;
    const wishes = wishesKept(search, unit, from) + wishesKept(search, other, to);
    removeUnit(herd, unit);
    removeUnit(herd, other);
    if (placeUnit(herd, unit, to, mayUse)) {
      if (placeUnit(herd, other, from, mayUse)) {
        if (wishesKept(search, unit, to) + wishesKept(search, other, from) >= wishes) return true;
        removeUnit(herd, other);
      }
      removeUnit(herd, unit);
    }
    for (const vm of unit.vms) herd.place(vm, from);
    for (const vm of other.vms) herd.place(vm, to);
  }
  return false;
}

/** How many of the rules that should be kept are, with the unit on the host. */
function wishesKept({ herd }: Search, unit: Unit, host: HerdHost): number {
  let kept = 0;
  for (const vm of unit.vms)
    for (const rule of vm.rules)
      if (rule.facts.strength === 'should' && isKept(rule, vm, host, herd.reservedOn)) kept += 1;
  return kept;
}

function nameOf({ vms }: Unit): string {
  return vms[0]?.name ?? '';
}
