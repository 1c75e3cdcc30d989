/**
 * The hard rules, in the order in which they are shown. A rule is added by one object in `filters/` and a line here;
 * every planner then keeps it.
 */
import type { FilterVerdict } from '../../model/placement.ts';
import type { Filter } from './filters/filter.ts';
import { cpuIncompatible, networkMissing, storageUnreachable } from './filters/reach.ts';
import { ruleApart, ruleHosts, ruleTogether } from './filters/rules.ts';
import { cpuShort, memoryShort, tooFewCpus } from './filters/room.ts';
import { apartFrom, avoided, currentHost, notActive, otherCluster } from './filters/standing.ts';
import type { Herd, HerdHost, HerdVm } from './herd.ts';

export const filters: readonly Filter[] = [
  currentHost,
  notActive,
  otherCluster,
  cpuIncompatible,
  tooFewCpus,
  memoryShort,
  cpuShort,
  networkMissing,
  storageUnreachable,
  avoided,
  apartFrom,
  ruleHosts,
  ruleApart,
  ruleTogether,
];

/** Whether the VM may go to the host by every filter. Stops at the first refusal and allocates nothing. */
export function fits(herd: Herd, vm: HerdVm, host: HerdHost): boolean {
  for (const filter of filters) if (!filter.passes(herd, vm, host)) return false;
  return true;
}

/** Every filter's verdict, those that passed too, each in words and numbers. */
export function verdictsOf(herd: Herd, vm: HerdVm, host: HerdHost): FilterVerdict[] {
  return filters.map((filter) => ({
    code: filter.code,
    passed: filter.passes(herd, vm, host),
    ...filter.explain(herd, vm, host),
  }));
}
