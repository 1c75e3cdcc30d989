/**
 * Hosts for many units at once. First the simple ways, which find a plan in almost every herd: the hardest to place
 * first, each on the best host or on the tightest; the busiest first, each on the host with the least load. Where all of
 * them leave something out, a search with a bound.
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

/** Where each unit goes. */
export type Placed = ReadonlyMap<Unit, HerdHost>;

/**
 * Ways to place the units, which are nowhere and stay so: every simple way that leaves none out; else what the search
 * has found; else the way that leaves out the fewest.
 */
export function waysToPlace(search: Search, units: readonly Unit[]): readonly Placed[] {
  const found = [...simpleWays(search, units)];
  const whole = found.filter((placed) => placed.size === units.length);
  return whole.length > 0 ? whole : hardWay(search, units, found);
}

/** Places the units, which are nowhere, as far as it can. @returns those that are left out */
export function placeUnits(search: Search, units: readonly Unit[]): readonly Unit[] {
  const found: Placed[] = [];
  for (const way of simpleWays(search, units)) {
    found.push(way);
    // The ways after it need not be tried.
    if (way.size === units.length) break;
  }
  const last = found.at(-1);
  const [way] = last?.size === units.length ? [last] : hardWay(search, units, found);
  if (way) follow(search.herd, way);
  return units.filter((unit) => !homeOf(unit));
}

function* simpleWays(search: Search, units: readonly Unit[]): Generator<Placed> {
  const hardest = hardestFirst(search, units);
  const busiest = units.toSorted((a, b) => b.cpuCores - a.cpuCores || compareNames(nameOf(a), nameOf(b)));
  for (const [order, preference] of [
    [hardest, bestFirst(search)],
    [hardest, tightestFirst],
    [busiest, coolestFirst],
  ] as const) {
    const placed = placeGreedily(search, order, preference);
    for (const unit of units) removeUnit(search.herd, unit);
    yield placed;
  }
}

/** What the search has found, else the best of what the simple ways did. */
function hardWay(search: Search, units: readonly Unit[], found: readonly Placed[]): readonly Placed[] {
  if (!placeBySearch(search, hardestFirst(search, units)))
    return found.toSorted((a, b) => b.size - a.size).slice(0, 1);
  const placed = placedOf(units);
  for (const unit of units) removeUnit(search.herd, unit);
  return [placed];
}

/** Puts every unit where the way has it. */
export function follow(herd: Herd, way: Placed): void {
  for (const [unit, host] of way) for (const vm of unit.vms) herd.place(vm, host);
}

/** Where the units are. */
export function placedOf(units: Iterable<Unit>): Placed {
  const placed = new Map<Unit, HerdHost>();
  for (const unit of units) {
    const home = homeOf(unit);
    if (home) placed.set(unit, home);
  }
  return placed;
}

function placeGreedily(
  { herd, open, mayUse }: Search,
  units: readonly Unit[],
  preference: Preference,
): Placed {
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

/** The least load for each unit, whatever else speaks for or against a host. */
const coolestFirst: Preference = (unit, hosts) =>
  hosts
    .map((host) => ({ host, load: (host.used.cpuCores + unit.cpuCores) / host.capacity.cpuCores }))
    .toSorted((a, b) => a.load - b.load || compareNames(a.host.name, b.host.name))
    .map(({ host }) => host);

function nameOf({ vms }: Unit): string {
  return vms[0]?.name ?? '';
}
