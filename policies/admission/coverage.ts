/**
 * Whether a cluster has room to restart what its hosts carry when some of them fail: by placing the VMs of the hosts
 * that would hurt most, one by one with all their rules, and not by sums or averages, which room in small pieces
 * deceives.
 */
import type { Coverage, WorstFailure } from '../../model/coverage.ts';
import type { Snapshot } from '../../model/placement.ts';
import { Herd, type HerdHost } from '../engine/herd.ts';
import { compareNames } from '../engine/wording.ts';
import { placeUnits, type Search } from '../evacuation/search.ts';
import { unitsOf } from '../evacuation/units.ts';
import { defaultPlacementSettings, type PlacementSettings } from '../placement/settings.ts';

export interface CoverageQuestion {
  readonly cluster: string;
  readonly wanted: number;
  readonly settings?: PlacementSettings;
  /** Sets of hosts whose failure is tried, for each number of failures. Default 200. */
  readonly mostSets?: number;
}

/**
 * The sets that are tried are all of them where they are few; else those of the hosts that use the most memory or
 * vCPUs, or have the largest VM, since whatever has no place elsewhere is likely to be there.
 */
export function coverageOf(snapshot: Snapshot, question: CoverageQuestion): Coverage {
  const { cluster, wanted, settings = defaultPlacementSettings, mostSets = 200 } = question;
  const herd = new Herd(snapshot, settings);
  const active = herd.hosts
    .filter(({ facts }) => facts.cluster === cluster && facts.state === 'active')
    .toSorted((a, b) => compareNames(a.name, b.name));
  for (let failures = 1; failures <= wanted; failures++) {
    let worst: WorstFailure | undefined;
    for (const failed of setsOf(active, failures, mostSets)) {
      const left = withoutPlace(herd, active, failed, settings);
      if (left && (!worst || left.memoryMiB > worst.memoryMiB)) worst = left;
    }
    if (worst) return { cluster, wanted, covered: failures - 1, worst };
    if (failures >= active.length) return { cluster, wanted, covered: failures };
  }
  return { cluster, wanted, covered: wanted };
}

/** Undefined: all have a place. The herd is as it was afterwards. */
function withoutPlace(
  herd: Herd,
  active: readonly HerdHost[],
  failed: readonly HerdHost[],
  { weights }: PlacementSettings,
): WorstFailure | undefined {
  const homes = new Map(failed.flatMap((host) => [...host.vms].map((vm) => [vm, host] as const)));
  for (const vm of homes.keys()) herd.remove(vm);
  const open = active.filter((host) => !failed.includes(host));
  // Room alone decides here, and the simple ways of placing are what a failover will use.
  const search: Search = { herd, open, mayUse: () => true, weights, mostTries: 0 };
  const left = placeUnits(search, unitsOf([...homes.keys()]));
  for (const [vm, home] of homes) {
    herd.remove(vm);
    herd.place(vm, home);
  }
  if (left.length === 0) return undefined;
  const vms = left
    .flatMap((unit) => unit.vms)
    .map(({ name, facts }) => ({ vm: name, memoryMiB: facts.memoryMiB }))
    .toSorted((a, b) => b.memoryMiB - a.memoryMiB || compareNames(a.vm, b.vm));
  return {
    hosts: failed.map(({ name }) => name),
    vms,
    memoryMiB: vms.reduce((sum, { memoryMiB }) => sum + memoryMiB, 0),
  };
}

function setsOf(hosts: readonly HerdHost[], size: number, most: number): readonly (readonly HerdHost[])[] {
  if (countOf(hosts.length, size) <= most) return combinations(hosts, size);
  let among = hosts.length;
  while (among > size && countOf(among, size) > most) among -= 1;
  return combinations(heaviest(hosts, among), size);
}

/** In turns by each of the measures. */
function heaviest(hosts: readonly HerdHost[], count: number): readonly HerdHost[] {
  const largestVm = (host: HerdHost): number =>
    Math.max(0, ...[...host.vms].map(({ room }) => room.memoryMiB));
  const measures: readonly ((host: HerdHost) => number)[] = [
    ({ used }) => used.memoryMiB,
    largestVm,
    ({ used }) => used.vcpus,
  ];
  const ranked = measures.map((measure) =>
    hosts
      .map((host) => ({ host, value: measure(host) }))
      .toSorted((a, b) => b.value - a.value || compareNames(a.host.name, b.host.name))
      .map(({ host }) => host),
  );
  const chosen = new Set<HerdHost>();
  for (let at = 0; chosen.size < count && at < hosts.length; at++)
    for (const ranking of ranked) {
      const host = ranking[at];
      if (host && chosen.size < count) chosen.add(host);
    }
  return [...chosen].toSorted((a, b) => compareNames(a.name, b.name));
}

/** How many sets of this size there are. */
function countOf(hosts: number, size: number): number {
  let count = 1;
  for (let at = 0; at < size; at++) count = (count * (hosts - at)) / (at + 1);
  return count;
}

function combinations<T>(all: readonly T[], size: number, from = 0): T[][] {
  if (size === 0) return [[]];
  return all
    .slice(from)
    .flatMap((one, at) => combinations(all, size - 1, from + at + 1).map((rest) => [one, ...rest]));
}
