/** One look at many hosts: what they report, how busy they are, and who did not answer. */
import { setTimeout as pause } from 'node:timers/promises';
import type { HostFacts, HostReport, InventoryHost, ReportedVm, VmFacts } from '../model/inventory.ts';
import type {
  PlannerHost,
  PlannerReservation,
  PlannerRule,
  PlannerVm,
  Snapshot,
} from '../model/placement.ts';
import { CpuMeter, type CpuUse } from './hosts/cpu-meter.ts';
import type { Hosts, KnownHost, KnownVm } from './hosts/hosts.ts';

/** A host that answered, with the CPU use of its VMs where it was measured. */
export interface SurveyedHost {
  readonly host: KnownHost;
  readonly report: HostReport;
  readonly cpuUse?: CpuUse;
}

/** A host that did not answer: unknown, which is not dead. */
export interface SilentHost {
  readonly host: KnownHost;
  readonly unreachable: string;
}

export interface Survey {
  readonly answered: readonly SurveyedHost[];
  readonly silent: readonly SilentHost[];
}

/** A host's newer answer in the place of its older one; its CPU use is that of the survey. */
export function withAnswer(survey: Survey, { host, report }: Pick<SurveyedHost, 'host' | 'report'>): Survey {
  return {
    answered: survey.answered.map((older) => (older.host === host ? { ...older, report } : older)),
    silent: survey.silent,
  };
}

/** Hosts that answered, and do no longer. */
export function withSilent(survey: Survey, silent: readonly SilentHost[]): Survey {
  if (silent.length === 0) return survey;
  const names = new Set(silent.map(({ host }) => host.address.name));
  return {
    answered: survey.answered.filter(({ host }) => !names.has(host.address.name)),
    silent: [...survey.silent, ...silent],
  };
}

/**
 * Asks all hosts of a datacenter.
 * @param withLoad waits, where needed, until CPU use could be measured: a second when nobody looked lately. It is the
 *   mean of at most 10 s that ended at most 10 s ago
 */
export async function surveyHosts(
  hosts: Hosts,
  meter: CpuMeter,
  datacenter: string,
  withLoad: boolean,
): Promise<Survey> {
  const known = hosts.site.hosts.filter((host) => host.datacenter === datacenter);
  const first = await look(hosts, meter, known);
  if (!withLoad || first.answered.every(({ cpuUse }) => cpuUse)) return first;
  await pause(CpuMeter.pauseMs);
  return look(hosts, meter, known);
}

async function look(hosts: Hosts, meter: CpuMeter, known: readonly KnownHost[]): Promise<Survey> {
  const answered: SurveyedHost[] = [];
  const silent: SilentHost[] = [];
  for (const answer of await hosts.report(known)) {
    if ('unreachable' in answer) {
      silent.push(answer);
      continue;
    }
    const { name } = answer.host.address;
    const nowMs = performance.now();
    const cpuUse = meter.observe(name, answer.report, nowMs) ?? meter.lately(name, nowMs);
    answered.push(cpuUse ? { ...answer, cpuUse } : answer);
  }
  return { answered, silent };
}

/** Cores and memory that VMs may use: what the settings say, else what the host shows. */
function capacity({ host, report }: SurveyedHost): { cpus: number; memoryMiB: number } {
  return { cpus: host.cpus ?? report.cpus, memoryMiB: host.memoryMiB ?? report.memoryMiB };
}

function sumOf(use: CpuUse): number {
  let sum = 0;
  for (const cores of use.values()) sum += cores;
  return sum;
}

/** To thousandths of a core: more digits say nothing, and would be a tenth of a long list. */
function rounded(cores: number): number {
  return Math.round(cores * 1000) / 1000;
}

/** The survey as lists show it. */
export function inventoryOf({ answered, silent }: Survey): InventoryHost[] {
  const of = ({
    address,
    cluster,
    datacenter,
    failureDomains,
  }: KnownHost): Omit<InventoryHost, 'answer'> => ({
    name: address.name,
    cluster,
    datacenter,
    failureDomains: { ...failureDomains },
  });
  const facts = (surveyed: SurveyedHost): HostFacts => ({
    uuid: surveyed.report.uuid,
    hypervisor: surveyed.report.hypervisor,
    ...capacity(surveyed),
    ...(surveyed.report.networks ? { networks: [...surveyed.report.networks] } : {}),
    ...(surveyed.cpuUse ? { cpuBusyCores: rounded(sumOf(surveyed.cpuUse)) } : {}),
    vms: surveyed.report.vms.map((vm): VmFacts => {
      const { cpuSeconds: _, ...listed } = vm;
      const busy = surveyed.cpuUse?.get(vm.uuid);
      return busy === undefined ? listed : { ...listed, cpuBusyCores: rounded(busy) };
    }),
  });
  return [
    ...answered.map((surveyed) => ({
      ...of(surveyed.host),
      answer: { reachable: true as const, facts: facts(surveyed) },
    })),
    ...silent.map(({ host, unreachable }) => ({
      ...of(host),
      answer: { reachable: false as const, reason: unreachable },
    })),
  ].toSorted((a, b) => a.name.localeCompare(b.name));
}

/** What planners need to know of one VM beyond the survey. */
export interface PlannedVm {
  readonly name: string;
  readonly uuid: string;
  readonly networks: readonly string[];
  /** Why its CPU does not run on a host, by host. */
  readonly cpuIncompatible: ReadonlyMap<string, string>;
}

/** The survey as planners look at it, with the facts of the VMs that are to be placed. */
export function snapshotOf(
  survey: Survey,
  vms: Readonly<Record<string, KnownVm>>,
  placed: readonly PlannedVm[],
  reservations: readonly PlannerReservation[] = [],
  rules: readonly PlannerRule[] = [],
): Snapshot {
  const planned = new Map(placed.map((vm) => [vm.uuid, vm]));
  const hosts = survey.answered.map((surveyed): PlannerHost => {
    const cpuIncompatible = incompatibleOn(surveyed.host.address.name, placed);
    return {
      ...placeOf(surveyed.host),
      state: 'active',
      ...capacity(surveyed),
      ...(surveyed.cpuUse ? { cpuBusyCores: sumOf(surveyed.cpuUse) } : {}),
      ...(surveyed.report.networks ? { networks: [...surveyed.report.networks] } : {}),
      ...(cpuIncompatible ? { cpuIncompatible } : {}),
    };
  });
  const silent = survey.silent.map(({ host }): PlannerHost => ({
    ...placeOf(host),
    state: 'unreachable',
    cpus: host.cpus ?? 0,
    memoryMiB: host.memoryMiB ?? 0,
  }));
  return {
    hosts: [...hosts, ...silent],
    vms: survey.answered.flatMap((surveyed) =>
      surveyed.report.vms.some(({ uuid }) => planned.has(uuid))
        ? surveyed.report.vms
            .filter(({ uuid, state }) => usesRoom(state) || planned.has(uuid))
            .map((vm) => plannerVm(surveyed, vm, vms, planned.get(vm.uuid)?.networks ?? []))
        : plannerVmsOf(surveyed, vms),
    ),
    reservations: [...reservations],
    rules: [...rules],
  };
}

function incompatibleOn(host: string, placed: readonly PlannedVm[]): Record<string, string> | undefined {
  const reasons = placed.flatMap(({ name, cpuIncompatible }) => {
    const why = cpuIncompatible.get(host);
    return why === undefined ? [] : [[name, why] as const];
  });
  return reasons.length === 0 ? undefined : Object.fromEntries(reasons);
}

/** The VMs of a host that has no copy of a planned one, made once for all checks that share a look. */
const plannerVms = new WeakMap<SurveyedHost, PlannerVm[]>();

function plannerVmsOf(surveyed: SurveyedHost, vms: Readonly<Record<string, KnownVm>>): PlannerVm[] {
  const known = plannerVms.get(surveyed);
  if (known) return known;
  const made = surveyed.report.vms
    .filter(({ state }) => usesRoom(state))
    .map((vm) => plannerVm(surveyed, vm, vms, []));
  plannerVms.set(surveyed, made);
  return made;
}

function plannerVm(
  surveyed: SurveyedHost,
  vm: ReportedVm,
  vms: Readonly<Record<string, KnownVm>>,
  networks: readonly string[],
): PlannerVm {
  const busy = surveyed.cpuUse?.get(vm.uuid);
  const settings = vms[vm.name];
  return {
    name: vm.name,
    host: surveyed.host.address.name,
    running: usesRoom(vm.state),
    vcpus: vm.vcpus,
    memoryMiB: vm.memoryMiB,
    ...(busy === undefined ? {} : { cpuBusyCores: busy }),
    networks: [...networks],
    storage: [],
    ...(settings ? { avoid: [...settings.avoid], apartFrom: [...settings.apartFrom] } : {}),
  };
}

function placeOf(host: KnownHost): Pick<PlannerHost, 'name' | 'cluster' | 'datacenter' | 'failureDomains'> {
  const { address, cluster, datacenter, failureDomains } = host;
  return { name: address.name, cluster, datacenter, failureDomains: { ...failureDomains } };
}

export function usesRoom(state: ReportedVm['state']): boolean {
  return state !== 'off' && state !== 'crashed';
}
