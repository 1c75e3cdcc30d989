/**
 * Everything that could stop a move, looked at together, and the choice of the host. Only reads, but for the
 * throw-away VM of the rehearsal. One activity, because each step of a workflow costs more than these questions.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { blockingOf, nothingToDo } from '../model/blocking.ts';
import { permanent } from '../model/failures.ts';
import type { HostReport } from '../model/inventory.ts';
import type { Finding } from '../model/migrate-vm.ts';
import { fewNames, isActionableVmName } from '../model/names.ts';
import type { Placement, PlannerReservation, PlannerRule, Snapshot } from '../model/placement.ts';
import type { Claimant } from '../model/vm-record.ts';
import { isStarved } from '../policies/placement/starved.ts';
import { placeVm } from '../policies/placement/planner.ts';
import { shortened } from '../policies/placement/shorten.ts';
import { checkTarget } from './check-target.ts';
import type { ChosenTargets } from './chosen-targets.ts';
import type { CpuComparisons } from './cpu-comparisons.ts';
import type { HostSession } from './hosts/driver.ts';
import type { HostAnswer, Hosts, KnownHost } from './hosts/hosts.ts';
import type { Looks } from './looks.ts';
import {
  findingOfFailure,
  findingsOfGain,
  findingsOfVm,
  leftAlready,
  verdictsOf,
  type VmCopy,
} from './migration-checks.ts';
import { RoomOfCheck, type HostRecords } from './room-of-check.ts';
import { snapshotOf, withAnswer, withSilent, type Survey } from './survey.ts';
import { copiesOf, sourceOf } from './vm-copies.ts';

export interface CheckMigrationRequest {
  readonly datacenter: string;
  readonly vm: string;
  readonly to?: string;
  readonly onlyIfStarved: boolean;
  /** Hosts of which it must be on one; absent: any. */
  readonly onlyFrom?: readonly string[];
  /** VMs that move to the same host: no rule that keeps them together stands against this move. */
  readonly movesWith?: readonly string[];
  /** Nothing will move: no room is held for it. */
  readonly dryRun?: boolean;
  /** Default true. */
  readonly acceptWarnings?: boolean;
  /**
   * Have the target open the VM's disks and networks in a throw-away VM, which takes a third of a second; default true.
   * A migration opens them first as well, and is refused by the first that is missing with the VM untouched.
   */
  readonly rehearse?: boolean;
  /** For whom room is held at the record of the host; absent: none is held there. */
  readonly operation?: Claimant;
  /** Hosts where earlier attempts of this operation have failed, and why. */
  readonly passOver?: readonly { readonly host: string; readonly reason: string }[];
}

/** `elsewhere`: no host of this datacenter has the VM; the hosts that did not answer may. */
export type CheckMigrationAnswer =
  | { readonly kind: 'elsewhere'; readonly silentHosts: readonly string[] }
  | {
      readonly kind: 'found';
      /** `epoch`: of the last lease under which it was moved, as it bears it itself. */
      readonly vm: {
        readonly name: string;
        readonly uuid: string;
        readonly memoryMiB: number;
        readonly epoch?: number;
      };
      readonly from: string;
      /** The host that was asked for, or chosen; absent when none fits. */
      readonly to?: string;
      readonly findings: readonly Finding[];
      readonly placement: Placement;
      /** Moves that may leave `from` and come to `to` at a time. */
      readonly slots: { readonly out: number; readonly in: number };
      /** After so long its host drops the connection of a worker that died. */
      readonly keepaliveSeconds: number;
    };

/** What the checks of one worker share. */
export interface CheckSurroundings {
  readonly hosts: Hosts;
  readonly looks: Looks;
  readonly comparisons: CpuComparisons;
  readonly targets: ChosenTargets;
  /** Absent: hosts have no records. */
  readonly records?: HostRecords;
}

/** A host that the planner chose and that failed the rehearsal is passed over; so many of them at most. */
const mostRehearsals = 3;
/** libvirt ends a process within 15 s, or tells that it can't. */
const leavingMs = 15_000;
/** Hosts of each kind that the answer explains: all that a person reads, or enough to see why later on. */
const mostExplained = { dryRun: 25, move: 5 };
/** Hosts that were filled since the look at the herd; each is seen as it is before the next plan. */
const mostPlans = 20;

/**
 * Finds the VM, looks for all that could stop the move, and chooses the host if none is asked for.
 *
 * Checks share a look at the herd, so what is compared over all of it (free room, load) may be some seconds old where
 * the herd is large. What is said of the source and of the target was asked of them for this check.
 */
export async function checkMigration(
  surroundings: CheckSurroundings,
  request: CheckMigrationRequest,
): Promise<CheckMigrationAnswer> {
  const { datacenter, vm } = request;
  // A host that was asked for by name is not compared with others, so it needs no load.
  const load = { withLoad: request.to === undefined || request.onlyIfStarved };
  const recent = await surroundings.looks.recent(datacenter, load);
  const checked = await checkIn(surroundings, request, recent.value);
  if (checked) return checked;
  // It may have come, or moved, since the look.
  const survey = recent.isFresh ? recent.value : await surroundings.looks.fresh(datacenter, load);
  const again = recent.isFresh ? undefined : await checkIn(surroundings, request, survey);
  if (again) return again;
  const source = sourceOf(survey, vm);
  // Not "unknown", which would end the operation: the next attempt finds it where it is by then.
  if (source) throw new Error(`${vm} left ${source.host.address.name} while it was looked for`);
  return { kind: 'elsewhere', silentHosts: survey.silent.map(({ host }) => host.address.name) };
}

/** @returns undefined when the VM is not where this look has seen it */
async function checkIn(
  surroundings: CheckSurroundings,
  request: CheckMigrationRequest,
  survey: Survey,
): Promise<CheckMigrationAnswer | undefined> {
  const { hosts } = surroundings;
  const seen = sourceOf(survey, request.vm);
  if (!seen) return undefined;
  if (request.to !== undefined && !hosts.find(request.to)) {
    const known = fewNames(hosts.site.hosts.map(({ address }) => address.name));
    throw ApplicationFailure.create(
      permanent('UnknownHost', `no host is called ${request.to}; the settings name: ${known}`),
    );
  }
  if (!isActionableVmName(seen.vm.name))
    throw new Error(`a VM called ${seen.vm.name} passed the input's check`);
  await using session = await hosts.open(seen.host);
  const sourceReport = await session.report();
  const atSource = withAnswer(survey, { host: seen.host, report: sourceReport });
  const others = copiesOf(atSource, request.vm).flatMap(({ host }) => (host === seen.host ? [] : [host]));
  const answers = await reportAtRest(hosts, others, seen.vm.uuid);
  const current = answers.reduce(
    (so, answer) => ('unreachable' in answer ? withSilent(so, [answer]) : withAnswer(so, answer)),
    atSource,
  );
  const source = sourceOf(current, request.vm);
  if (source?.host !== seen.host) return undefined;
  return await checkFrom(surroundings, request, session, { survey: current, source, sourceReport });
}

/**
 * What a move has just left behind may be gone by now, or in a moment: a copy without a definition whose process ends
 * is waited for.
 */
async function reportAtRest(hosts: Hosts, others: readonly KnownHost[], uuid: string): Promise<HostAnswer[]> {
  const deadline = performance.now() + leavingMs;
  for (;;) {
    const answers = await hosts.report(others);
    const isLeaving = answers.some(
      (answer) =>
        'report' in answer &&
        answer.report.vms.some((vm) => vm.uuid === uuid && vm.state === 'shuttingDown' && !vm.persistent),
    );
    if (!isLeaving || performance.now() > deadline) return answers;
    await pause(100);
  }
}

async function checkFrom(
  { hosts, comparisons, targets, records }: CheckSurroundings,
  request: CheckMigrationRequest,
  session: HostSession,
  { survey, source, sourceReport }: { survey: Survey; source: VmCopy; sourceReport: HostReport },
): Promise<CheckMigrationAnswer> {
  const definition = await session.definition(source.vm.uuid);
  const moving =
    ['running', 'paused'].includes(source.vm.state) &&
    (await session.migrationProgress(source.vm.uuid)) !== undefined;
  const findings = findingsOfVm(source, copiesOf(survey, request.vm), definition, moving);
  const sourceCpu = await session.cpu();
  const others = survey.answered.filter(
    ({ host }) => host.cluster === source.host.cluster && host !== source.host,
  );
  const { incompatible, silent } = await comparisons.compare(others, definition, sourceCpu);
  const { name, uuid } = source.vm;
  const planned = { name, uuid, networks: definition.networks, cpuIncompatible: incompatible };
  const need = { vm: name, memoryMiB: source.vm.memoryMiB, cpuCores: source.vm.vcpus };
  await using room = new RoomOfCheck(records, { ...need, operation: request.operation });
  const rules = withoutCompanions(hosts.site.rules, request.movesWith ?? []);
  const snapshot = (of: Survey, held: readonly PlannerReservation[] = targets.reservations()): Snapshot =>
    room.see(snapshotOf(of, hosts.site.vms, [planned], held, rules));
  const traveller = { source, sourceReport, definition, sourceCpu, incompatible };
  const found = {
    kind: 'found' as const,
    vm: {
      name,
      uuid,
      memoryMiB: definition.memoryMiB,
      ...(definition.epoch === undefined ? {} : { epoch: definition.epoch }),
    },
    from: source.host.address.name,
    slots: { out: hosts.site.migrations.perHostOut, in: hosts.site.migrations.perHostIn },
    keepaliveSeconds: hosts.site.keepaliveSeconds,
  };

  if (request.onlyFrom && !request.onlyFrom.includes(found.from))
    findings.push(leftAlready(source, request.onlyFrom));
  let known = withSilent(survey, silent);
  if (request.onlyIfStarved) {
    const { starved, reason } = isStarved(snapshot(known), name, hosts.site.starved);
    // Unknown is not "no": only a measured lack of need ends the operation.
    if (starved === false) findings.push({ severity: 'warning', code: 'notStarved', message: reason });
  }

  const failed = new Map(request.passOver?.map((failure) => [failure.host, [findingOfFailure(failure)]]));
  // A host that was asked for is looked at all the same: everything that stops the move is told at once.
  if (request.to !== undefined) findings.push(...(failed.get(request.to) ?? []));
  const passedOver = new Map<string, readonly Finding[]>(request.to === undefined ? failed : []);
  let outdated = 0;
  let rehearsed = 0;
  for (;;) {
    const now = snapshot(known);
    const open = { ...now, hosts: now.hosts.filter((host) => !passedOver.has(host.name)) };
    const whole = withPassedOver(
      placeVm(open, { vm: name, ...(request.to ? { to: request.to } : {}) }),
      passedOver,
    );
    const most = request.dryRun === true ? mostExplained.dryRun : mostExplained.move;
    const placement = shortened(whole, { most, ...(request.to === undefined ? {} : { asked: request.to }) });
    const to = request.to ?? whole.chosen;
    if (to === undefined)
      return { ...found, findings: [...findings, ...[...passedOver.values()].flat()], placement };
    // A host that was asked for is taken also where another, or none, would be better.
    const ofGain = request.to === undefined || request.onlyIfStarved ? findingsOfGain(whole) : [];
    const mayMove = !endsHere(request, [...findings, ...ofGain]);
    // Before anything else is awaited: another check may be about to choose.
    if (mayMove && whole.chosen !== undefined) targets.hold({ ...need, host: to });
    const candidate = whole.candidates.find(({ host }) => host === to);
    // Reserve first, look afterwards: of two checks for the last room the later one knows of the earlier.
    if ((await room.ask(to, mayMove)) === 'closed' && candidate?.fits === true) {
      targets.letGo(name);
      continue;
    }
    const {
      survey: newer,
      findings: ofTarget,
      isOutdated,
    } = await checkTarget(
      hosts,
      traveller,
      {
        survey: known,
        to,
        rehearse: request.rehearse ?? true,
        ...(candidate ? { planned: candidate } : {}),
      },
      (of) => snapshot(of, room.toldBy(to)),
    );
    known = newer;
    const isBlocked = ofTarget.some(({ severity }) => severity === 'error');
    const isPlannedAgain = isOutdated && ++outdated < mostPlans;
    const isPassedOver = !isPlannedAgain && request.to === undefined && isBlocked;
    if (isPlannedAgain || (isPassedOver && rehearsed++ < mostRehearsals)) {
      if (isPassedOver) passedOver.set(to, ofTarget);
      await room.letGo();
      continue;
    }
    if (mayMove && !endsHere(request, ofTarget)) room.keep();
    else targets.letGo(name);
    return { ...found, to, findings: [...findings, ...ofTarget, ...ofGain], placement };
  }
}

function withoutCompanions(
  rules: readonly PlannerRule[],
  companions: readonly string[],
): readonly PlannerRule[] {
  if (companions.length === 0) return rules;
  return rules.map((rule) =>
    rule.kind === 'together' ? { ...rule, vms: rule.vms.filter((vm) => !companions.includes(vm)) } : rule,
  );
}

/** No move will follow: its room is not held from those that do move. */
function endsHere(request: CheckMigrationRequest, findings: readonly Finding[]): boolean {
  if (request.dryRun === true || nothingToDo(request, findings)) return true;
  return blockingOf(findings, request.acceptWarnings ?? true).length > 0;
}

/** Hosts that fitted by the numbers and failed on the host itself are told among the candidates all the same. */
function withPassedOver(
  placement: Placement,
  passedOver: ReadonlyMap<string, readonly Finding[]>,
): Placement {
  const refused = [...passedOver].map(([host, findings]) => ({
    host,
    fits: false,
    filters: verdictsOf(findings),
    scoreParts: [],
  }));
  return { ...placement, candidates: [...placement.candidates, ...refused] };
}
