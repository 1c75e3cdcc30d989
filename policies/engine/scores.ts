/**
 * How good a host would be for a VM, by parts of which each is 0 (worst) to 1 (best). Each goal (placing, emptying a
 * host, balancing, packing) weighs the same parts in its own way; a part that a goal does not want weighs 0.
 */
import { z } from 'zod';
import type { ScorePart } from '../../model/placement.ts';
import { type Herd, type HerdHost, type HerdVm, ownRoom } from './herd.ts';
import { demandReason } from './demand.ts';
import { isKept, ruleInWords, type HerdRule } from './rules.ts';
import { counted, plain } from './wording.ts';

const weight = z.number().min(0).max(1000);

/** How much each part counts against the others. */
export const ScoreWeights = z.strictObject({
  /** How far the cores that all VMs there would want stay within the busy share that is aimed at. */
  cpuPressure: weight,
  /** The share of the host's cores that would stay free. */
  cpuRoom: weight,
  /** The share of its memory that would stay free. */
  memoryRoom: weight,
  /** The share of the vCPUs it may run that would stay free: room for VMs that are idle now and busy later. */
  vcpuRoom: weight,
  /** The share of the VM's rules of strength `should` that would be kept; it counts for VMs that have such. */
  rules: weight,
});
export type ScoreWeights = z.infer<typeof ScoreWeights>;

/** One part of a score. */
export interface Scorer {
  readonly name: keyof ScoreWeights;
  /** What a host that is best by this part has. */
  readonly praise: string;
  /** Whether the part says anything of this VM. Default: of every VM. */
  concerns?(vm: HerdVm): boolean;
  /** 0 to 1, with the VM on the host, counted once if it is there already. Allocates nothing. */
  value(herd: Herd, vm: HerdVm, host: HerdHost): number;
  /** The figure behind the value, short, to be set against another host's. */
  figure(herd: Herd, vm: HerdVm, host: HerdHost): string;
  /** A sentence with the figure. */
  reason(herd: Herd, vm: HerdVm, host: HerdHost): string;
}

const cpuPressure: Scorer = {
  name: 'cpuPressure',
  praise: 'least pressure on its CPU',
  value(herd, vm, host) {
    const aim = herd.settings.targetBusyRatio * host.capacity.cpuCores;
    const wanted = coresWith(vm, host);
    return wanted <= aim ? 1 : aim / wanted;
  },
  figure: (_herd, vm, host) => `${plain(coresWith(vm, host))} of ${counted(host.facts.cpus, 'core')} wanted`,
  reason: (herd, vm, host) =>
    `with ${vm.name}, ${plain(coresWith(vm, host))} of ${host.name}'s ${counted(host.facts.cpus, 'core')} would be wanted, ` +
    `${plain(herd.settings.targetBusyRatio * host.capacity.cpuCores)} is the aim; ${demandReason(vm.facts, vm.demand)}`,
};

const cpuRoom: Scorer = {
  name: 'cpuRoom',
  praise: 'most CPU room',
  value: (_herd, vm, host) => freeShare(coresWith(vm, host), host.capacity.cpuCores),
  figure: (_herd, vm, host) => `${free(coresWith(vm, host), host.capacity.cpuCores)} cores stay free`,
  reason: (_herd, vm, host) =>
    `${free(coresWith(vm, host), host.capacity.cpuCores)} cores of ${host.name} stay free with ${vm.name} there`,
};

const memoryRoom: Scorer = {
  name: 'memoryRoom',
  praise: 'most memory room',
  value: (_herd, vm, host) => freeShare(memoryWith(vm, host), host.capacity.memoryMiB),
  figure: (_herd, vm, host) => `${free(memoryWith(vm, host), host.capacity.memoryMiB)} MiB stay free`,
  reason: (_herd, vm, host) =>
    `${free(memoryWith(vm, host), host.capacity.memoryMiB)} MiB of ${host.name} stay free with ${vm.name} there`,
};

const vcpuRoom: Scorer = {
  name: 'vcpuRoom',
  praise: 'most room for vCPUs',
  value: (_herd, vm, host) => freeShare(vcpusWith(vm, host), host.capacity.vcpus),
  figure: (_herd, vm, host) => `${free(vcpusWith(vm, host), host.capacity.vcpus)} vCPUs stay free`,
  reason: (_herd, vm, host) =>
    `${free(vcpusWith(vm, host), host.capacity.vcpus)} vCPUs of ${host.name} stay free with ${vm.name} there`,
};

const rules: Scorer = {
  name: 'rules',
  praise: 'keeps more of the rules that should be kept',
  concerns: (vm) => vm.rules.some(isWish),
  value(herd, vm, host) {
    let [all, kept] = [0, 0];
    for (const rule of vm.rules) {
      if (!isWish(rule)) continue;
      all += 1;
      if (isKept(rule, vm, host, herd.reservedOn)) kept += 1;
    }
    return all === 0 ? 1 : kept / all;
  },
  figure(herd, vm, host) {
    const wished = vm.rules.filter(isWish);
    const kept = wished.filter((rule) => isKept(rule, vm, host, herd.reservedOn));
    return `${kept.length} of ${wished.length} kept`;
  },
  reason(herd, vm, host) {
    return vm.rules
      .filter(isWish)
      .map((rule) => ruleInWords(rule, vm, host, herd.reservedOn))
      .join('; ');
  },
};

function isWish({ facts }: HerdRule): boolean {
  return facts.strength === 'should';
}

export const scorers: readonly Scorer[] = [cpuPressure, cpuRoom, memoryRoom, vcpuRoom, rules];

/**
 * The weighted mean of the parts, 0 to 1, for the VM on the host; it may be there already. To four decimals: a
 * smaller difference is noise, and the name decides. Allocates nothing.
 */
export function scoreOf(herd: Herd, vm: HerdVm, host: HerdHost, weights: ScoreWeights): number {
  let sum = 0;
  let weighed = 0;
  for (const scorer of scorers) {
    const weight = weights[scorer.name];
    if (weight === 0 || scorer.concerns?.(vm) === false) continue;
    sum += weight * scorer.value(herd, vm, host);
    weighed += weight;
  }
  return weighed === 0 ? 0 : rounded(sum / weighed);
}

/** Every part that has a weight, with its value and the figures behind it. */
export function scorePartsOf(herd: Herd, vm: HerdVm, host: HerdHost, weights: ScoreWeights): ScorePart[] {
  return scorers
    .filter(({ name, concerns }) => weights[name] > 0 && concerns?.(vm) !== false)
    .map((scorer) => ({
      name: scorer.name,
      value: rounded(scorer.value(herd, vm, host)),
      weight: weights[scorer.name],
      reason: scorer.reason(herd, vm, host),
    }));
}

/** To four decimals, as scores are given. */
export function rounded(score: number): number {
  return Math.round(score * 10_000) / 10_000;
}

function coresWith(vm: HerdVm, host: HerdHost): number {
  return host.used.cpuCores - ownRoom(vm, host).cpuCores + vm.room.cpuCores;
}

function memoryWith(vm: HerdVm, host: HerdHost): number {
  return host.used.memoryMiB - ownRoom(vm, host).memoryMiB + vm.room.memoryMiB;
}

function vcpusWith(vm: HerdVm, host: HerdHost): number {
  return host.used.vcpus - ownRoom(vm, host).vcpus + vm.room.vcpus;
}

function freeShare(used: number, capacity: number): number {
  return capacity <= 0 ? 0 : Math.max(0, 1 - used / capacity);
}

function free(used: number, capacity: number): string {
  return `${plain(Math.max(0, capacity - used))} of ${plain(capacity)}`;
}
