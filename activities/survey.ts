/** One look at many hosts: what they report, how busy they are, and who did not answer. */
import { setTimeout as pause } from 'node:timers/promises';
import type { HostFacts, HostReport, InventoryHost, ReportedVm, VmFacts } from '../model/inventory.ts';
import type { PlannerHost, PlannerVm, Snapshot } from '../model/placement.ts';
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

/**
 * Asks all hosts of a datacenter.
 * @param withLoad waits, where needed, until CPU use could be measured: a second when nobody looked lately
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
    const cpuUse = meter.observe(answer.host.address.name, answer.report, performance.now());
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
    ...(surveyed.cpuUse ? { cpuBusyCores: sumOf(surveyed.cpuUse) } : {}),
    vms: surveyed.report.vms.map((vm): VmFacts => {
      const { cpuSeconds: _, ...listed } = vm;
      const busy = surveyed.cpuUse?.get(vm.uuid);
      return busy === undefined ? listed : { ...listed, cpuBusyCores: busy };
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

/** The survey as planners look at it, with the facts of the VM that is to be placed. */
export function snapshotOf(
  survey: Survey,
  vms: Readonly<Record<string, KnownVm>>,
  planned: PlannedVm,
): Snapshot {
  const hosts = survey.answered.map((surveyed): PlannerHost => {
    const why = planned.cpuIncompatible.get(surveyed.host.address.name);
    return {
      ...placeOf(surveyed.host),
      state: 'active',
      ...capacity(surveyed),
      ...(surveyed.cpuUse ? { cpuBusyCores: sumOf(surveyed.cpuUse) } : {}),
      ...(surveyed.report.networks ? { networks: [...surveyed.report.networks] } : {}),
      ...(why ? { cpuIncompatible: { [planned.name]: why } } : {}),
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
      surveyed.report.vms
        .filter(({ uuid, state }) => usesRoom(state) || uuid === planned.uuid)
        .map((vm): PlannerVm => {
          const busy = surveyed.cpuUse?.get(vm.uuid);
          const settings = vms[vm.name];
          return {
            name: vm.name,
            host: surveyed.host.address.name,
            running: usesRoom(vm.state),
            vcpus: vm.vcpus,
            memoryMiB: vm.memoryMiB,
            ...(busy === undefined ? {} : { cpuBusyCores: busy }),
            networks: vm.uuid === planned.uuid ? [...planned.networks] : [],
            storage: [],
            ...(settings ? { avoid: [...settings.avoid], apartFrom: [...settings.apartFrom] } : {}),
          };
        }),
    ),
    reservations: [],
  };
}

function placeOf(host: KnownHost): Pick<PlannerHost, 'name' | 'cluster' | 'datacenter' | 'failureDomains'> {
  const { address, cluster, datacenter, failureDomains } = host;
  return { name: address.name, cluster, datacenter, failureDomains: { ...failureDomains } };
}

function usesRoom(state: ReportedVm['state']): boolean {
  return state !== 'off' && state !== 'crashed';
}
