/** A VM as the hosts of a survey list it. */
import type { ReportedVm } from '../model/inventory.ts';
import type { VmCopy } from './migration-checks.ts';
import type { Survey } from './survey.ts';

/** Every host's copy of a VM: of this name, or with the UUID of one of this name. */
export function copiesOf(survey: Survey, name: string): VmCopy[] {
  const named = copiesWhere(survey, (vm) => vm.name === name);
  const uuids = new Set(named.map(({ vm }) => vm.uuid));
  return uuids.size === 1 ? copiesWhere(survey, (vm) => uuids.has(vm.uuid)) : named;
}

function copiesWhere({ answered }: Survey, is: (vm: ReportedVm) => boolean): VmCopy[] {
  const copies: VmCopy[] = [];
  for (const { host, report } of answered) for (const vm of report.vms) if (is(vm)) copies.push({ host, vm });
  return copies;
}

/** The copy that a move would take: the one that runs; else one that is not off; else any. */
export function sourceOf(survey: Survey, name: string): VmCopy | undefined {
  const copies = copiesOf(survey, name);
  return (
    copies.find(({ vm }) => vm.state === 'running') ??
    copies.find(({ vm }) => vm.state !== 'off') ??
    copies[0]
  );
}
