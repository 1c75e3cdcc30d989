/** The filters of room: is there enough of the host for the VM, beside all that is there already? */
import { type Herd, type HerdHost, type HerdVm, ownRoom } from '../herd.ts';
import { counted, plain } from '../wording.ts';
import type { Filter } from './filter.ts';

/**
 * Cores on which vCPUs of one VM can run at the same instant. A fraction counts as the whole core that it is part
 * of: a quota of 0.4 limits how long a vCPU may run, not on how many cores, so one vCPU still runs at full speed for
 * four tenths of the time. A VM with more vCPUs than there are cores is refused, since its vCPUs would wait for one
 * another (one holds a lock while it is not running), which neither a weak nor an idle host makes good.
 */
function wholeCores(host: HerdHost): number {
  return Math.ceil(host.capacity.cpuCores);
}

export const tooFewCpus: Filter = {
  code: 'tooFewCpus',
  passes: (_herd, vm, host) => vm.room.vcpus <= wholeCores(host),
  explain: (_herd, vm, host) => ({
    reason: `${host.name} runs ${counted(wholeCores(host), 'vCPU')} at a time (${counted(host.facts.cpus, 'core')}), ${vm.name} has ${plain(vm.room.vcpus)}`,
    measured: wholeCores(host),
    needed: figure(vm.room.vcpus),
    unit: 'cores',
  }),
};

function freeMemoryMiB(vm: HerdVm, host: HerdHost): number {
  return host.capacity.memoryMiB - host.used.memoryMiB + ownRoom(vm, host).memoryMiB;
}

export const memoryShort: Filter = {
  code: 'memoryShort',
  passes: (_herd, vm, host) => vm.room.memoryMiB <= freeMemoryMiB(vm, host),
  explain(herd, vm, host) {
    const free = freeMemoryMiB(vm, host);
    const reserved = reservedForOthers(herd, vm, host, 'memoryMiB');
    const held = reserved > 0 ? ` (${plain(reserved)} MiB are reserved)` : '';
    return {
      reason: `${host.name} has ${plain(free)} MiB free of ${plain(host.capacity.memoryMiB)}${held}, ${vm.name} needs ${plain(vm.room.memoryMiB)}`,
      measured: figure(free),
      needed: figure(vm.room.memoryMiB),
      unit: 'MiB',
    };
  },
};

function freeVcpus(vm: HerdVm, host: HerdHost): number {
  return host.capacity.vcpus - host.used.vcpus + ownRoom(vm, host).vcpus;
}

export const cpuShort: Filter = {
  code: 'cpuShort',
  passes: (_herd, vm, host) => vm.room.vcpus <= freeVcpus(vm, host),
  explain(herd, vm, host) {
    const free = freeVcpus(vm, host);
    const reserved = reservedForOthers(herd, vm, host, 'vcpus');
    const held = reserved > 0 ? `; ${plain(reserved)} are reserved` : '';
    return {
      reason:
        `${host.name} has room for ${counted(free, 'vCPU')} of ${plain(host.capacity.vcpus)} ` +
        `(${plain(herd.settings.cpuOvercommit)} a core${held}), ${vm.name} needs ${plain(vm.room.vcpus)}`,
      measured: figure(free),
      needed: figure(vm.room.vcpus),
      unit: 'vCPUs',
    };
  },
};

/** What operations hold on the host for VMs that are not there yet, this one's own reservation left out. */
function reservedForOthers(herd: Herd, vm: HerdVm, host: HerdHost, what: 'memoryMiB' | 'vcpus'): number {
  let sum = 0;
  for (const [name, held] of host.reserved) {
    if (name !== vm.name && herd.findVm(name)?.home !== host) sum += held[what];
  }
  return sum;
}

/** An amount as a verdict gives it, to three decimals. */
function figure(amount: number): number {
  return Math.round(amount * 1000) / 1000;
}
