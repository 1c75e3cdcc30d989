/** Why a unit has no place in a plan: what stands against it, on how many hosts, and what is short by how much. */
import type { Unplaced } from '../../model/evacuation.ts';
import type { FilterVerdict } from '../../model/placement.ts';
import { verdictsOf } from '../engine/filters.ts';
import type { HerdHost, HerdVm } from '../engine/herd.ts';
import { compareNames, listed, plain } from '../engine/wording.ts';
import type { Search } from './search.ts';
import type { Unit } from './units.ts';

/** With the plan's other VMs where they are by now. */
export function whyUnplaced(
  search: Search,
  unit: Unit,
  froms: ReadonlyMap<HerdVm, HerdHost>,
): readonly Unplaced[] {
  return unit.vms.map((vm) => ({
    vm: vm.name,
    from: froms.get(vm)?.name ?? '',
    reason: reasonFor(search, unit, vm),
  }));
}

function reasonFor({ herd, open, mayUse }: Search, unit: Unit, vm: HerdVm): string {
  if (open.length === 0) return 'no host is open that could take it';
  const counts = new Map<string, number>();
  const count = (code: string): void => void counts.set(code, (counts.get(code) ?? 0) + 1);
  const short = new Map<
    FilterVerdict['code'],
    FilterVerdict & { readonly host: string; readonly by: number }
  >();
  for (const host of open) {
    if (!mayUse(vm, host)) {
      count('passedOver');
      continue;
    }
    for (const verdict of verdictsOf(herd, vm, host)) {
      if (verdict.passed) continue;
      count(verdict.code);
      const { measured, needed } = verdict;
      if (measured === undefined || needed === undefined || needed <= measured) continue;
      const by = needed - measured;
      const least = short.get(verdict.code);
      if (!least || by < least.by) short.set(verdict.code, { ...verdict, host: host.name, by });
    }
  }
  const besides =
    unit.vms.length === 1
      ? ''
      : `, with ${listed(unit.vms.filter((one) => one !== vm).map(({ name }) => name))}`;
  if (counts.size === 0) return `no host takes it${besides}: alone it would fit`;
  const refusals = [...counts]
    .toSorted(([left, some], [right, more]) => more - some || compareNames(left, right))
    .map(([code, hosts]) => `${code} on ${hosts}`);
  const shortages = [...short.values()].map(
    ({ by, unit: of, host }) => `${plain(by)} ${of} short on ${host}, the nearest`,
  );
  return `no host takes it${besides}: of ${open.length}, ${listed(refusals)}${shortages.length === 0 ? '' : ` (${shortages.join('; ')})`}`;
}
