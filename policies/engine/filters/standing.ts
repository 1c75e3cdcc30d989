/** The filters of standing: is this host one that takes VMs at all, and may it take this one? */
import type { HerdHost, HerdVm } from '../herd.ts';
import { listed } from '../wording.ts';
import type { Filter } from './filter.ts';

/** A VM that is off may be started where it is defined; one that runs can't move to where it is. */
export const currentHost: Filter = {
  code: 'currentHost',
  passes: (_herd, vm, host) => vm.home !== host,
  explain: (_herd, vm, host) => ({
    reason:
      vm.home === host
        ? `${vm.name} is on ${host.name} already`
        : vm.home === undefined
          ? `${vm.name} is on no host yet`
          : `${vm.name} is on ${vm.home.name}`,
  }),
};

const stateInWords: Readonly<Record<HerdHost['facts']['state'], string>> = {
  active: 'takes VMs',
  maintenance: 'is in maintenance',
  failed: 'has failed',
  fenced: 'is fenced',
  unreachable: 'does not answer: what is on it is unknown',
};

export const notActive: Filter = {
  code: 'notActive',
  passes: (_herd, _vm, host) => host.facts.state === 'active',
  explain(_herd, _vm, host) {
    const { state, stateNote } = host.facts;
    return { reason: `${host.name} ${stateInWords[state]}${stateNote ? ` ${stateNote}` : ''}` };
  },
};

/** A VM stays in its cluster, whose hosts share network and storage; one that has none yet may go to any. */
export const otherCluster: Filter = {
  code: 'otherCluster',
  passes: (_herd, vm, host) =>
    vm.cluster === undefined ? vm.facts.host === undefined : vm.cluster === host.facts.cluster,
  explain(_herd, vm, host) {
    if (vm.cluster !== undefined) {
      return {
        reason: `${host.name} is in cluster ${host.facts.cluster}, ${vm.name} belongs to ${vm.cluster}`,
      };
    }
    return {
      reason:
        vm.facts.host === undefined
          ? `${vm.name} belongs to no cluster yet`
          : `the cluster of ${vm.name} is unknown: ${vm.facts.host}, where it is, is not among the hosts`,
    };
  },
};

export const avoided: Filter = {
  code: 'avoided',
  passes: (_herd, vm, host) => !vm.avoid.has(host.name),
  explain: (_herd, vm, host) => ({
    reason: vm.avoid.has(host.name)
      ? `the settings say that ${vm.name} avoids ${host.name}`
      : `${vm.name} need not avoid ${host.name}`,
  }),
};

/** A VM that is on its way to the host, by a reservation, counts as being there. */
export const apartFrom: Filter = {
  code: 'apartFrom',
  passes(_herd, vm, host) {
    for (const other of vm.apartFrom) if (isThere(other, host)) return false;
    return true;
  },
  explain(_herd, vm, host) {
    const there = vm.apartFrom.filter((other) => isThere(other, host)).map(({ name }) => name);
    return {
      reason:
        there.length === 0
          ? `no VM is on ${host.name} from which ${vm.name} is kept apart`
          : `${listed(there)} ${there.length === 1 ? 'is' : 'are'} on ${host.name} or on the way there, and ${vm.name} is kept apart from ${there.length === 1 ? 'it' : 'them'}`,
      measured: there.length,
      needed: 0,
      unit: 'VMs to be kept apart from',
    };
  },
};

function isThere(other: HerdVm['apartFrom'][number], host: HerdHost): boolean {
  return other.vm?.home === host || host.reserved.has(other.name);
}
