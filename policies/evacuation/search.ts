/**
 * Hosts for many units at once. First the simple ways, which find a plan in almost every herd: the hardest to place
 * first, each on the best host, then each on the tightest. Where both leave something out, a search with a bound.
 */
import type { Herd, HerdHost } from '../engine/herd.ts';
import { scoreOf, type ScoreWeights } from '../engine/scores.ts';
import { compareNames } from '../engine/wording.ts';
import { homeOf, placeUnit, removeUnit, type MayUse, type Unit } from './units.ts';

export interface Search {
  readonly herd: Herd;
  /** Hosts that may take VMs. */
  readonly open: readonly HerdHost[];
  readonly mayUse: MayUse;
  readonly weights: ScoreWeights;
  readonly mostTries: number;
}

/** Hosts in the order in which they are tried for a unit. */
type Preference = (unit: Unit, hosts: readonly HerdHost[]) => readonly HerdHost[];

/** Places the units, which are nowhere, as far as it can. @returns those that are left out */
export function placeUnits(search: Search, units: readonly Unit[]): readonly Unit[] {
  const ordered = hardestFirst(search, units);
  let best: ReadonlyMap<Unit, HerdHost> = new Map();
  for (const preference of [bestFirst(search), tightestFirst]) {
    const placed = placeGreedily(search, ordered, preference);
    if (placed.size > best.size || best.size === 0) best = placed;
    for (const unit of ordered) removeUnit(search.herd, unit);
    if (best.size === units.length) break;
  }
  if (best.size < units.length) {
    const found = placeBySearch(search, ordered);
    if (found) return [];
  }
  for (const [unit, host] of best) for (const vm of unit.vms) search.herd.place(vm, host);
  return units.filter((unit) => !homeOf(unit));
}

function placeGreedily(
  { herd, open, mayUse }: Search,
  units: readonly Unit[],
  preference: Preference,
): ReadonlyMap<Unit, HerdHost> {
  const placed = new Map<Unit, HerdHost>();
  for (const unit of units) {
    const host = preference(unit, open).find((one) => placeUnit(herd, unit, one, mayUse));
    if (host) placed.set(unit, host);
  }
  return placed;
}

/** Depth first, the hardest unit first, the tightest host first; the units stay where they are when it has found a plan. */
function placeBySearch({ herd, open, mayUse, mostTries }: Search, units: readonly Unit[]): boolean {
  let tries = 0;
  const place = (at: number): boolean => {
    const unit = units[at];
    if (!unit) return true;
    for (const host of tightestFirst(unit, open)) {
      if (++tries > mostTries) return false;
      if (!placeUnit(herd, unit, host, mayUse)) continue;
      if (place(at + 1)) return true;
      removeUnit(herd, unit);
    }
    return false;
  };
  return place(0);
}

/** Those that the fewest hosts can take, the largest first among equals. */
function hardestFirst({ herd, open, mayUse }: Search, units: readonly Unit[]): readonly Unit[] {
  return units
    .map((unit) => {
      let hosts = 0;
      for (const host of open) {
        if (!placeUnit(herd, unit, host, mayUse)) continue;
        hosts += 1;
        removeUnit(herd, unit);
      }
      return { unit, hosts };
    })
    .toSorted(
      (a, b) =>
        a.hosts - b.hosts ||
        b.unit.memoryMiB - a.unit.memoryMiB ||
        b.unit.vcpus - a.unit.vcpus ||
        compareNames(nameOf(a.unit), nameOf(b.unit)),
    )
    .map(({ unit }) => unit);
}

function bestFirst({ herd, weights }: Search): Preference {
  return ({ vms: [vm] }, hosts) =>
    vm === undefined
      ? []
      : hosts
          .map((host) => ({ host, score: scoreOf(herd, vm, host, weights) }))
          .toSorted((a, b) => b.score - a.score || compareNames(a.host.name, b.host.name))
          .map(({ host }) => host);
}

const tightestFirst: Preference = (_unit, hosts) =>
  hosts
    .map((host) => ({ host, free: host.capacity.memoryMiB - host.used.memoryMiB }))
    .toSorted((a, b) => a.free - b.free || compareNames(a.host.name, b.host.name))
    .map(({ host }) => host);

function nameOf({ vms }: Unit): string {
  return vms[0]?.name ?? '';
}
