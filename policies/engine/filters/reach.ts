/**
 * The filters of reach: does the host have what the VM is attached to? Where the snapshot does not say, the host is
 * not refused here: the checks on the host itself decide before anything moves, and the reason says so.
 */
import type { HerdVm } from '../herd.ts';
import { listed } from '../wording.ts';
import type { Explanation, Filter } from './filter.ts';

export const cpuIncompatible: Filter = {
  code: 'cpuIncompatible',
  passes: (_herd, vm, host) => incompatibility(vm, host.facts.cpuIncompatible) === undefined,
  explain(_herd, vm, host) {
    const why = incompatibility(vm, host.facts.cpuIncompatible);
    return {
      reason:
        why === undefined
          ? `nothing is known against ${vm.name}'s CPU on ${host.name}`
          : `${vm.name}'s CPU does not run on ${host.name}: ${why}`,
    };
  },
};

function incompatibility(
  vm: HerdVm,
  known: Readonly<Record<string, string>> | undefined,
): string | undefined {
  // A VM may be called "constructor".
  return known !== undefined && Object.hasOwn(known, vm.name) ? known[vm.name] : undefined;
}

export const networkMissing: Filter = {
  code: 'networkMissing',
  passes: (_herd, vm, host) => hasAll(host.networks, vm.facts.networks),
  explain: (_herd, vm, host) => presence(vm, host.name, host.networks, vm.facts.networks, 'network'),
};

export const storageUnreachable: Filter = {
  code: 'storageUnreachable',
  passes: (_herd, vm, host) => hasAll(host.storage, vm.facts.storage),
  explain: (_herd, vm, host) => presence(vm, host.name, host.storage, vm.facts.storage, 'storage'),
};

function hasAll(present: ReadonlySet<string> | undefined, wanted: readonly string[]): boolean {
  if (present === undefined) return true;
  for (const name of wanted) if (!present.has(name)) return false;
  return true;
}

function presence(
  vm: HerdVm,
  host: string,
  present: ReadonlySet<string> | undefined,
  wanted: readonly string[],
  kind: 'network' | 'storage',
): Explanation {
  if (wanted.length === 0) return { reason: `${vm.name} uses no ${kind}` };
  if (present === undefined) {
    return { reason: `what ${kind} ${host} has is not known here: the checks on the host decide` };
  }
  const missing = wanted.filter((name) => !present.has(name));
  return {
    reason:
      missing.length === 0
        ? `${host} has the ${kind} of ${vm.name}: ${listed(wanted)}`
        : `${host} does not have the ${kind} ${listed(missing)}, which ${vm.name} uses`,
    measured: wanted.length - missing.length,
    needed: wanted.length,
    unit: kind === 'network' ? 'networks' : 'storage addresses',
  };
}
