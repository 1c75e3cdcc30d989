/**
 * Everything that could stop a move, looked at together, and the choice of the host. Only reads, but for the
 * throw-away VM of the rehearsal. One activity, because each step of a workflow costs more than these questions.
 */
import { ApplicationFailure } from '@temporalio/common';
import { permanent } from '../model/failures.ts';
import type { Finding } from '../model/migrate-vm.ts';
import { isActionableVmName } from '../model/names.ts';
import type { Placement } from '../model/placement.ts';
import { isStarved } from '../policies/placement/starved.ts';
import { placeVm } from '../policies/placement/planner.ts';
import { shortened } from '../policies/placement/shorten.ts';
import type { CpuMeter } from './hosts/cpu-meter.ts';
import type { VmDefinition } from '../model/vm-definition.ts';
import type { Hosts } from './hosts/hosts.ts';
import {
  findingsOfCandidate,
  findingsOfRehearsal,
  findingsOfTarget,
  findingsOfVm,
  type VmCopy,
} from './migration-checks.ts';
import { snapshotOf, surveyHosts, type Survey, type SurveyedHost } from './survey.ts';

export interface CheckMigrationRequest {
  readonly datacenter: string;
  readonly vm: string;
  readonly to?: string;
  readonly onlyIfStarved: boolean;
}

/** `elsewhere`: no host of this datacenter has the VM; the hosts that did not answer may. */
export type CheckMigrationAnswer =
  | { readonly kind: 'elsewhere'; readonly silentHosts: readonly string[] }
  | {
      readonly kind: 'found';
      readonly vm: { readonly name: string; readonly uuid: string; readonly memoryMiB: number };
      readonly from: string;
      /** The host that was asked for, or chosen; absent when none fits. */
      readonly to?: string;
      readonly findings: readonly Finding[];
      readonly placement: Placement;
    };

/** A host that the planner chose and that failed the rehearsal is passed over; so many of them at most. */
const mostRehearsals = 3;

export async function checkMigration(
  hosts: Hosts,
  meter: CpuMeter,
  request: CheckMigrationRequest,
): Promise<CheckMigrationAnswer> {
  // A host that was asked for by name is not compared with others, so it needs no load.
  const survey = await surveyHosts(
    hosts,
    meter,
    request.datacenter,
    request.to === undefined || request.onlyIfStarved,
  );
  const copies = copiesOf(survey, request.vm);
  const source =
    copies.find(({ vm }) => vm.state === 'running') ??
    copies.find(({ vm }) => vm.state !== 'off') ??
    copies[0];
  if (!source) return { kind: 'elsewhere', silentHosts: survey.silent.map(({ host }) => host.address.name) };
  if (request.to !== undefined && !hosts.find(request.to)) {
    const known = hosts.site.hosts.map(({ address }) => address.name).join(', ');
    throw ApplicationFailure.create(
      permanent('UnknownHost', `no host is called ${request.to}; the settings name: ${known}`),
    );
  }
  if (!isActionableVmName(source.vm.name))
    throw new Error(`a VM called ${source.vm.name} passed the input's check`);

  const from = source.host.address.name;
  await using session = await hosts.open(source.host);
  const definition = await session.definition(source.vm.uuid);
  const moving =
    source.vm.state === 'running' && (await session.migrationProgress(source.vm.uuid)) !== undefined;
  const findings = findingsOfVm(source, copies, definition, moving);
  const snapshot = snapshotOf(survey, hosts.site.vms, {
    name: source.vm.name,
    uuid: source.vm.uuid,
    networks: definition.networks,
    cpuIncompatible: await compareCpus(hosts, survey, source, definition, await session.cpu()),
  });
  const found = {
    kind: 'found' as const,
    vm: { name: source.vm.name, uuid: source.vm.uuid, memoryMiB: definition.memoryMiB },
    from,
  };

  if (request.onlyIfStarved) {
    const { starved, reason } = isStarved(snapshot, source.vm.name, hosts.site.starved);
    // Unknown is not "no": only a measured lack of need ends the operation.
    if (starved === false) findings.push({ severity: 'warning', code: 'notStarved', message: reason });
  }

  const passedOver = new Map<string, Finding[]>();
  for (;;) {
    const open = { ...snapshot, hosts: snapshot.hosts.filter(({ name }) => !passedOver.has(name)) };
    const whole = withPassedOver(
      placeVm(open, { vm: source.vm.name, ...(request.to ? { to: request.to } : {}) }),
      passedOver,
    );
    const placement = shortened(whole, request.to === undefined ? {} : { asked: request.to });
    const to = request.to ?? whole.chosen;
    if (to === undefined)
      return { ...found, findings: [...findings, ...[...passedOver.values()].flat()], placement };
    const ofTarget = await findingsAt(hosts, survey, source, definition, to, whole);
    const isBlocked = ofTarget.some(({ severity }) => severity === 'error');
    if (request.to === undefined && isBlocked && passedOver.size < mostRehearsals) {
      passedOver.set(to, ofTarget);
      continue;
    }
    return { ...found, to, findings: [...findings, ...ofTarget], placement };
  }
}

/** Every host's copy of a VM: of this name, or with the UUID of one of this name. */
function copiesOf(survey: Survey, name: string): VmCopy[] {
  const listed = survey.answered.flatMap(({ host, report }) =>
    report.vms.map((vm): VmCopy => ({ host, vm })),
  );
  const running = listed.filter(({ vm }) => vm.name === name);
  const uuids = new Set(running.map(({ vm }) => vm.uuid));
  return uuids.size === 1 ? listed.filter(({ vm }) => uuids.has(vm.uuid)) : running;
}

async function compareCpus(
  hosts: Hosts,
  survey: Survey,
  source: VmCopy,
  definition: VmDefinition,
  sourceCpu: string,
): Promise<Map<string, string>> {
  const others = survey.answered.filter(
    ({ host }) => host.cluster === source.host.cluster && host !== source.host,
  );
  const compared = await Promise.all(
    others.map(async ({ host }) => {
      await using session = await hosts.open(host);
      return [host.address.name, await session.cpuIncompatibility(definition, sourceCpu)] as const;
    }),
  );
  return new Map(compared.flatMap(([name, why]) => (why === undefined ? [] : [[name, why] as const])));
}

async function findingsAt(
  hosts: Hosts,
  survey: Survey,
  source: VmCopy,
  definition: VmDefinition,
  to: string,
  placement: Placement,
): Promise<Finding[]> {
  const silent = survey.silent.find(({ host }) => host.address.name === to);
  if (silent) return [{ severity: 'error', code: 'hostUnreachable', message: silent.unreachable }];
  const target = survey.answered.find(({ host }) => host.address.name === to);
  if (!target) {
    const where = hosts.find(to)?.datacenter ?? '?';
    const message = `${to} is in datacenter ${where}, ${source.vm.name} in ${source.host.datacenter}: VMs move within a cluster`;
    return [{ severity: 'error', code: 'otherCluster', message }];
  }
  const candidate = placement.candidates.find(({ host }) => host === to);
  const findings = [
    ...(candidate ? findingsOfCandidate(candidate) : []),
    ...findingsOfTarget(source, sourceReport(survey, source), target),
  ];
  if (findings.some(({ severity }) => severity === 'error')) return findings;
  await using session = await hosts.open(target.host);
  return [...findings, ...findingsOfRehearsal(to, await session.rehearse(definition))];
}

function sourceReport(survey: Survey, source: VmCopy): SurveyedHost['report'] {
  const surveyed = survey.answered.find(({ host }) => host === source.host);
  if (!surveyed) throw new Error(`${source.host.address.name} listed the VM and is not in the survey`);
  return surveyed.report;
}

/** Hosts that fitted by the numbers and failed on the host itself are told among the candidates all the same. */
function withPassedOver(
  placement: Placement,
  passedOver: ReadonlyMap<string, readonly Finding[]>,
): Placement {
  const refused = [...passedOver].map(([host, findings]) => ({
    host,
    fits: false,
    filters: findings
      .filter(({ severity }) => severity === 'error')
      .map(({ code, message }) => ({
        code: code === 'networkMissing' ? ('networkMissing' as const) : ('storageUnreachable' as const),
        passed: false,
        reason: message,
      })),
    scoreParts: [],
  }));
  return { ...placement, candidates: [...placement.candidates, ...refused] };
}
