/**
 * Room for units that fit nowhere as things are: VMs that are placed already go elsewhere. One that is being moved
 * anyway costs nothing; one that is not is one more move, so the fewest of them, and of those the smallest.
 */
import { bestHost } from '../engine/choose.ts';
import type { HerdHost, HerdVm } from '../engine/herd.ts';
import { compareNames } from '../engine/wording.ts';
import type { Search } from './search.ts';
import { placeUnit, type Unit } from './units.ts';

/** A VM that leaves its host so that a unit fits there. */
export interface Displaced {
  readonly vm: HerdVm;
  readonly from: HerdHost;
  readonly to: HerdHost;
}

/** At most so many VMs leave one host for one unit. */
const mostDisplaced = 3;

/**
 * Places the unit by moving others out of its way.
 * @param mayMove whether a VM may be moved for it
 * @returns who went where; undefined: no way was found, and nothing was changed
 */
export function makeRoom(
  search: Search,
  unit: Unit,
  mayMove: (vm: HerdVm) => boolean,
): readonly Displaced[] | undefined {
  for (let count = 1; count <= mostDisplaced; count++) {
    for (const host of search.open) {
      if (!unit.vms.every((vm) => search.mayUse(vm, host))) continue;
      const movable = [...host.vms]
        .filter((vm) => mayMove(vm) && !isTied(vm))
        .toSorted((a, b) => a.room.memoryMiB - b.room.memoryMiB || compareNames(a.name, b.name));
      for (const chosen of combinations(movable, count)) {
        const displaced = displace(search, chosen, host, unit);
        if (displaced) return displaced;
      }
    }
  }
  return undefined;
}

function displace(
  { herd, open, mayUse, weights }: Search,
  vms: readonly HerdVm[],
  host: HerdHost,
  unit: Unit,
): readonly Displaced[] | undefined {
  for (const vm of vms) herd.remove(vm);
  const displaced: Displaced[] = [];
  const undo = (): undefined => {
    for (const vm of [...unit.vms, ...vms]) herd.remove(vm);
    for (const vm of vms) herd.place(vm, host);
    return undefined;
  };
  if (!placeUnit(herd, unit, host, mayUse)) return undo();
  // The largest first: it has the fewest places to go.
  for (const vm of vms.toReversed()) {
    const among = open.filter((one) => one !== host && mayUse(vm, one));
    const to = bestHost(herd, vm, weights, among);
    if (!to) return undo();
    herd.place(vm, to);
    displaced.push({ vm, from: host, to });
  }
  return displaced;
}

/** Whether a rule ties it to others, which would have to go with it. */
function isTied({ rules }: HerdVm): boolean {
  return rules.some(({ facts }) => facts.kind === 'together' && facts.strength === 'must');
}

/** Every choice of so many, the smallest first. */
function* combinations<T>(all: readonly T[], count: number, from = 0): Generator<readonly T[]> {
  if (count === 0) {
    yield [];
    return;
  }
  for (let at = from; at <= all.length - count; at++) {
    const one = all[at];
    if (one === undefined) return;
    for (const rest of combinations(all, count - 1, at + 1)) yield [one, ...rest];
  }
}
