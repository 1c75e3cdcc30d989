/**
 * The plan by which hosts of a datacenter are emptied: every VM on them with all that stands against its move, so that
 * what can't move is known before anything does.
 */
import type { EvacuationPlan } from '../../model/evacuation.ts';
import type { Coverage } from '../../model/coverage.ts';
import type { Finding } from '../../model/migrate-vm.ts';
import { isActionableVmName } from '../../model/names.ts';
import type { PlannerReservation, Snapshot } from '../../model/placement.ts';
import type { VmDefinition } from '../../model/vm-definition.ts';
import { coverageOf } from '../../policies/admission/coverage.ts';
import { planEvacuation } from '../../policies/evacuation/planner.ts';
import type { ClosedHost } from '../records/record-activities.ts';
import type { CpuComparisons } from '../cpu-comparisons.ts';
import { atMost } from '../hosts/at-most.ts';
import { mostAtOnce, type Hosts } from '../hosts/hosts.ts';
import type { Looks } from '../looks.ts';
import { findingsOfVm, type VmCopy } from '../migration-checks.ts';
import { snapshotOf, usesRoom, type PlannedVm, type Survey } from '../survey.ts';
import { copiesOf } from '../vm-copies.ts';

export interface PlanEvacuationRequest {
  readonly datacenter: string;
  /** Hosts that are emptied. */
  readonly hosts: readonly string[];
  /** Hosts that take no VMs, besides these, and what they are. */
  readonly closed: readonly ClosedHost[];
  /** Moves of the operation that go on: their VMs are on their way, and their room is taken. */
  readonly underWay: readonly { readonly vm: string; readonly to: string }[];
  /** Hosts where a VM was tried, by the VM's name. */
  readonly tried: Readonly<Record<string, readonly string[]>>;
  /** VMs that are left where they are. */
  readonly leaveOut: readonly string[];
  /** Tell also which failures stay covered. */
  readonly withCoverage?: boolean;
}

/** A VM that can't move, wherever to. */
export interface BlockedVm {
  readonly vm: string;
  readonly from: string;
  readonly findings: readonly Finding[];
}

export interface PlanEvacuationAnswer {
  readonly plan: EvacuationPlan;
  readonly blocked: readonly BlockedVm[];
  /** Every VM that uses room on the hosts, those on their way left out. */
  readonly left: readonly { readonly vm: string; readonly host: string }[];
  /** Those of the hosts that do not answer: what is on them is unknown. */
  readonly silentHosts: readonly string[];
  /** Failures that each of their clusters has room for, where asked for: now, and when the plan has been carried out. */
  readonly coverage: readonly {
    readonly before: Coverage;
    readonly after: Coverage;
    readonly refuses: boolean;
  }[];
}

/** What the plans of one worker share. */
export interface PlanSurroundings {
  readonly hosts: Hosts;
  readonly looks: Looks;
  readonly comparisons: CpuComparisons;
}

/** A VM that was to make room and can't move is left where it is, and the plan is made anew; so often at most. */
const mostPlans = 10;

/** A VM on a host that is emptied, with what the host says of it. */
interface Leaver {
  readonly planned: PlannedVm;
  readonly host: string;
  readonly errors: readonly Finding[];
}

export async function planEvacuationOf(
  surroundings: PlanSurroundings,
  request: PlanEvacuationRequest,
): Promise<PlanEvacuationAnswer> {
  const { hosts, looks } = surroundings;
  const { datacenter, underWay, leaveOut, tried } = request;
  const emptied = new Set(request.hosts);
  const survey = await looks.fresh(datacenter, { withLoad: true });
  const leavers = await leaversOf(surroundings, survey, request);
  const movable = leavers.filter(({ errors }) => errors.length === 0);
  const reservations = underWay.flatMap(({ vm, to }) => roomFor(survey, vm, to));
  const seen = withClosed(
    snapshotOf(
      survey,
      hosts.site.vms,
      leavers.map(({ planned }) => planned),
      reservations,
      hosts.site.rules,
    ),
    request.closed,
  );
  const out = new Set(leaveOut);
  const vms = movable.map(({ planned }) => planned.name).filter((name) => !out.has(name));

  const fixed = new Set(underWay.map(({ vm }) => vm));
  let plan: EvacuationPlan = { moves: [], unplaced: [] };
  for (let plans = 0; plans < mostPlans; plans++) {
    plan = planEvacuation(seen, { vms, closed: request.hosts, tried, fixed: [...fixed] });
    const stuck = await immovable(surroundings, survey, plan);
    if (stuck.length === 0) break;
    for (const vm of stuck) fixed.add(vm);
  }
  return {
    plan,
    blocked: leavers.flatMap(({ planned, host, errors }) =>
      errors.length > 0 ? [{ vm: planned.name, from: host, findings: errors }] : [],
    ),
    left: leavers.map(({ planned, host }) => ({ vm: planned.name, host })),
    silentHosts: survey.silent.flatMap(({ host: { address } }) =>
      emptied.has(address.name) ? [address.name] : [],
    ),
    coverage: request.withCoverage ? coverageBy(hosts, seen, emptied, plan) : [],
  };
}

/** All that use room on the hosts, with what stands against their move. */
async function leaversOf(
  { hosts, comparisons }: PlanSurroundings,
  survey: Survey,
  request: PlanEvacuationRequest,
): Promise<Leaver[]> {
  const emptied = new Set(request.hosts);
  const onTheirWay = new Set(request.underWay.map(({ vm }) => vm));
  const leavers: Leaver[] = [];
  const sources = survey.answered.filter(({ host }) => emptied.has(host.address.name));
  await atMost(mostAtOnce, sources, async (source) => {
    await using session = await hosts.open(source.host);
    const sourceCpu = await session.cpu();
    const others = survey.answered.filter(
      ({ host }) => host.cluster === source.host.cluster && !emptied.has(host.address.name),
    );
    for (const vm of source.report.vms) {
      // One that arrives, or that stops, is looked at when it has.
      if (!usesRoom(vm.state) || vm.state === 'migratingIn' || vm.state === 'shuttingDown') continue;
      if (onTheirWay.has(vm.name)) continue;
      const definition = await session.definition(vm.uuid);
      const { incompatible } = await comparisons.compare(others, definition, sourceCpu);
      const planned = {
        name: vm.name,
        uuid: vm.uuid,
        networks: definition.networks,
        cpuIncompatible: incompatible,
      };
      const errors = errorsOf(survey, { host: source.host, vm }, definition);
      if (!isActionableVmName(vm.name)) errors.push(nameless(vm.name));
      leavers.push({ planned, host: source.host.address.name, errors });
    }
  });
  return leavers;
}

/** What stands against a move of the VM, wherever to; one that another operation moves is waited for. */
function errorsOf(survey: Survey, copy: VmCopy, definition: VmDefinition): Finding[] {
  const findings = findingsOfVm(copy, copiesOf(survey, copy.vm.name), definition, false);
  return findings.filter(({ severity }) => severity === 'error');
}

function nameless(name: string): Finding {
  return {
    severity: 'error',
    code: 'vmName',
    message: `${name} is left alone, since its name may be taken for something else: rename it`,
  };
}

/** VMs that the plan would move for others' sake and that can't move. */
async function immovable(
  { hosts }: PlanSurroundings,
  survey: Survey,
  { moves }: EvacuationPlan,
): Promise<readonly string[]> {
  const makers = moves.filter(({ makesRoomFor }) => makesRoomFor !== undefined);
  const stuck: string[] = [];
  await atMost(mostAtOnce, makers, async ({ vm: name, from }) => {
    const source = survey.answered.find(({ host }) => host.address.name === from);
    const vm = source?.report.vms.find((one) => one.name === name);
    if (!source || !vm || !isActionableVmName(name)) {
      stuck.push(name);
      return;
    }
    await using session = await hosts.open(source.host);
    const definition = await session.definition(vm.uuid);
    if (errorsOf(survey, { host: source.host, vm }, definition).length > 0) stuck.push(name);
  });
  return stuck;
}

function roomFor(survey: Survey, name: string, to: string): PlannerReservation[] {
  const vm = survey.answered.flatMap(({ report }) => report.vms).find((one) => one.name === name);
  return vm
    ? [{ operation: `migrateVm ${name}`, host: to, vm: name, memoryMiB: vm.memoryMiB, cpuCores: vm.vcpus }]
    : [];
}

/** The snapshot, with hosts that their records have closed. */
export function withClosed(snapshot: Snapshot, closed: readonly ClosedHost[]): Snapshot {
  const states = new Map(closed.map(({ host, state }) => [host, state]));
  return {
    ...snapshot,
    hosts: snapshot.hosts.map((host) => {
      const state = states.get(host.name);
      return state !== undefined && host.state === 'active' ? { ...host, state } : host;
    }),
  };
}

function coverageBy(
  hosts: Hosts,
  before: Snapshot,
  emptied: ReadonlySet<string>,
  { moves }: EvacuationPlan,
): PlanEvacuationAnswer['coverage'] {
  const goes = new Map(moves.map(({ vm, to }) => [vm, to]));
  const after: Snapshot = {
    ...before,
    hosts: before.hosts.map((host) => (emptied.has(host.name) ? { ...host, state: 'maintenance' } : host)),
    vms: before.vms.map((vm) => ({ ...vm, host: goes.get(vm.name) ?? vm.host })),
  };
  // As they were before they were closed for this.
  const open: Snapshot = {
    ...before,
    hosts: before.hosts.map((host) =>
      emptied.has(host.name) && host.state === 'maintenance' ? { ...host, state: 'active' } : host,
    ),
  };
  const clusters = new Set(
    before.hosts.filter(({ name }) => emptied.has(name)).map(({ cluster }) => cluster),
  );
  return [...clusters].toSorted().map((cluster) => {
    const { hostFailuresToTolerate: wanted, admission } = hosts.site.availability[cluster] ?? none;
    return {
      before: coverageOf(open, { cluster, wanted }),
      after: coverageOf(after, { cluster, wanted }),
      refuses: admission === 'refuse',
    };
  });
}

const none = { hostFailuresToTolerate: 0, admission: 'warn' } as const;

/** Asked for a plan back: each VM to the host where it was. */
export interface PlanReturnRequest {
  readonly datacenter: string;
  readonly vms: readonly { readonly vm: string; readonly back: string }[];
  readonly closed: readonly ClosedHost[];
}

export async function planReturnOf(
  { hosts, looks }: PlanSurroundings,
  { datacenter, vms, closed }: PlanReturnRequest,
): Promise<EvacuationPlan> {
  const survey = await looks.fresh(datacenter, { withLoad: true });
  const seen = withClosed(snapshotOf(survey, hosts.site.vms, [], [], hosts.site.rules), closed);
  return planEvacuation(seen, {
    vms: vms.map(({ vm }) => vm),
    closed: [],
    only: Object.fromEntries(vms.map(({ vm, back }) => [vm, back])),
    fixed: 'all',
  });
}
