/**
 * `maintainHosts`: empties hosts without stopping a VM, holds them closed until a person says that the work is done,
 * opens them again, and takes the VMs back if asked.
 *
 * | step       | do                                                                            | where it fails         |
 * |------------|-------------------------------------------------------------------------------|------------------------|
 * | closing    | the hosts' records: they take no VM from now on                               | those closed are opened|
 * | planning   | all VMs on them with all that stands against a move; one plan for all         | the hosts are opened   |
 * | emptying   | a `migrateVm` for each, so many at a time; another target where one fails     | planned again          |
 * | held, left | waits for `finish` or `cancel`, and looks again: whatever came is moved too   | looked at again        |
 * | opening    | the hosts take VMs again                                                      | tried without end      |
 * | movingBack | if asked: each VM to where it was                                             | it stays where it is   |
 *
 * To cancel it is to end it early: moves under way go to their end, none begins, and the hosts are opened.
 */
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  defineQuery,
  defineUpdate,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { TemporalFailure } from '@temporalio/common';
import type { HostsByDatacenter } from '../activities/evacuation/resolve-hosts.ts';
import { permanent } from '../model/failures.ts';
import {
  MaintainHostsInput,
  type FinishMaintenance,
  type MaintainHostsResult,
  type MaintainHostsStatus,
  type MaintenanceAnswer,
} from '../model/maintain-hosts.ts';
import type { MigrateVmRequest } from '../model/migrate-vm-input.ts';
import { maintenanceUpdates, queries } from '../model/operations.ts';
import { budgets } from './budgets.ts';
import { standingOf, told } from './ending.ts';
import { growingPausesMs } from './growing-pauses.ts';
import { claimantOf } from './lease.ts';
import { MaintenanceEnding, type EndingAsked } from './maintain-hosts-ending.ts';
import { Ledger, type Entry } from './maintain-hosts-ledger.ts';
import { Moves } from './maintain-hosts-moves.ts';
import { MaintainHostsPage } from './maintain-hosts-page.ts';
import { close, hostsMeant, open, plan, planBack, type Plan } from './maintain-hosts-plan.ts';
import { endMessage, obstaclesOf, refusalOf, warningsOf } from './maintain-hosts-verdicts.ts';
import { parseInput } from './parse-input.ts';
import { beginListed, searchAttributesOf } from './search-attributes.ts';

const progressQuery = defineQuery<MaintainHostsStatus>(queries.progress);
const finishUpdate = defineUpdate<MaintenanceAnswer, [FinishMaintenance | undefined]>(
  maintenanceUpdates.finish,
);
const cancelUpdate = defineUpdate<MaintenanceAnswer>(maintenanceUpdates.cancel);

/** Once the history has so many events no further move begins, and the operation continues as new. */
const longHistory = 2000;

/** What it takes along when it continues as new. */
export interface CarriedMaintenance {
  readonly startedMs: number;
  readonly where: HostsByDatacenter;
  readonly entries: readonly Entry[];
  readonly phase: 'emptying' | 'movingBack';
  readonly ending?: EndingAsked;
  readonly coverage: MaintainHostsResult['coverage'];
  readonly warnings: readonly string[];
}

export async function maintainHosts(
  rawInput: unknown,
  carried?: CarriedMaintenance,
): Promise<MaintainHostsResult> {
  const input = parseInput('maintainHosts', MaintainHostsInput, rawInput ?? {}, {
    failureDomain: { kind: 'switch', name: 'sw1' },
  });
  const maintenance = new Maintenance(input, carried);
  CancellationScope.current()
    .cancelRequested.catch(() => maintenance.ending.cancel())
    .catch(() => undefined);
  // To be canceled is one way to end, and the hosts are opened on that way too.
  return await CancellationScope.nonCancellable(() => maintenance.run());
}

class Maintenance {
  readonly ending: MaintenanceEnding;
  readonly #input: MaintainHostsInput;
  readonly #ledger: Ledger;
  readonly #page: MaintainHostsPage;
  readonly #by: ReturnType<typeof claimantOf>;
  #carried: CarriedMaintenance;
  readonly #isNew: boolean;
  #step: MaintainHostsStatus['step'];
  #trouble: MaintainHostsStatus['trouble'];

  constructor(input: MaintainHostsInput, carried: CarriedMaintenance | undefined) {
    this.#input = input;
    this.#isNew = carried === undefined;
    this.#carried = carried ?? {
      startedMs: Date.now(),
      where: [],
      entries: [],
      phase: 'emptying',
      coverage: [],
      warnings: [],
    };
    this.#step = carried ? (carried.phase === 'emptying' ? 'planning' : 'movingBack') : 'closing';
    this.#ledger = new Ledger(this.#carried.entries);
    this.#page = new MaintainHostsPage(input);
    this.#by = claimantOf('maintenance', input.reason);
    this.ending = new MaintenanceEnding(() => this.#step, this.#carried.ending);
    setHandler(progressQuery, () => this.#status, {
      description: 'The step it is at, and each VM’s verdict.',
    });
    setHandler(finishUpdate, (request) => this.ending.finish(request ?? {}), {
      validator: (request) => this.ending.checkFinish(request ?? {}),
      description: 'The work is done: open the hosts. {"moveBack": true} takes the VMs back.',
    });
    setHandler(cancelUpdate, () => this.ending.cancel(), {
      description: 'End it early: moves under way go to their end, none begins, and the hosts are opened.',
    });
    if (this.#isNew) beginListed({ kind: 'maintainHosts' });
  }

  async run(): Promise<MaintainHostsResult> {
    try {
      const result = await this.#run();
      this.#page.ended(result);
      this.#show('ended');
      upsertSearchAttributes(searchAttributesOf({ state: result.outcome, needsOperator: false }));
      return result;
    } catch (error) {
      if (!(error instanceof TemporalFailure)) throw error;
      this.#page.failed(error);
      this.#show('ended');
      upsertSearchAttributes(searchAttributesOf(standingOf(error)));
      throw error;
    }
  }

  get #hosts(): readonly string[] {
    return this.#carried.where.flatMap(({ hosts }) => hosts);
  }

  get #status(): MaintainHostsStatus {
    const { counts, vms } = this.#ledger;
    const trouble = this.#trouble;
    return { step: this.#step, hosts: this.#hosts, counts, vms, ...(trouble ? { trouble } : {}) };
  }

  async #run(): Promise<MaintainHostsResult> {
    if (this.#isNew) {
      this.#show(this.#input.dryRun ? 'planning' : 'closing');
      this.#carried = { ...this.#carried, where: await hostsMeant(whichOf(this.#input)) };
      const [only, ...others] = this.#hosts;
      if (only !== undefined && others.length === 0)
        upsertSearchAttributes(searchAttributesOf({ host: only }));
    }
    if (this.#input.dryRun) return await this.#dryRun();
    if (this.#carried.phase === 'emptying') {
      try {
        if (this.#isNew) await close(this.#hosts, this.#by);
        await this.#empty();
      } catch (error) {
        // What was closed is opened before it fails; what began to move is on its way, and says so itself.
        if (error instanceof TemporalFailure) await this.#open();
        throw error;
      }
      await this.#open();
    }
    const { asked } = this.ending;
    if (asked?.kind === 'finish' && (asked.moveBack ?? this.#input.moveBack)) await this.#moveBack();
    return this.#result(asked?.kind === 'finish' ? 'finished' : 'canceled');
  }

  async #dryRun(): Promise<MaintainHostsResult> {
    const found = await plan(this.#carried.where, this.#ledger, { withCoverage: true });
    this.#take(found);
    const refusal = refusalOf(found, this.#input);
    const result = this.#result(refusal === undefined ? 'planned' : 'blocked', refusal);
    return { ...result, moves: found.moves };
  }

  /** Until it is told to end, all VMs that are on the hosts, or come there, are moved away. */
  async #empty(): Promise<void> {
    const { ending } = this;
    const moves = this.#moves('moved');
    const isAsked = (): boolean => ending.asked !== undefined;
    const needsPlan = (): boolean => this.#ledger.with('waiting').some(({ vm }) => !moves.isDue(vm));
    const hasEndedSince = ({ underWay }: Plan): boolean =>
      this.#ledger.with('waiting').some(({ vm }) => underWay.includes(vm));
    let pausesMs = growingPausesMs(budgets.leftPauses);
    for (let isFirst = this.#isNew; !isAsked(); isFirst = false) {
      if (isFirst) this.#show('planning');
      // What began while the plan is made would be planned once more, from where it no longer is.
      moves.take([]);
      const found = await this.#look(isFirst);
      if (found) {
        this.#take(found);
        const refusal = isFirst ? refusalOf(found, this.#input) : undefined;
        if (refusal !== undefined) throw ApplicationFailure.create(refused(found, refusal));
        if (found.moves.length > 0 && !isAsked()) {
          this.#show('emptying');
          moves.take(found.moves);
          // A move that takes long, as one whose target has died, keeps nobody from another plan.
          await moves.until(() => isAsked() || needsPlan(), budgets.stuckMoveMs);
        }
      }
      if (isLong() && moves.underWay === 0) await this.#continueAsNew('emptying');
      if (isAsked()) break;
      // Each round has tried a host more for each of these, so this comes to an end.
      if (found && needsPlan() && (found.moves.length > 0 || hasEndedSince(found))) continue;
      const left = this.#ledger.with('waiting', 'blocked', 'failed', 'moving').length;
      const isHeld = found !== undefined && left === 0 && found.silentHosts.length === 0;
      if (isHeld) pausesMs = growingPausesMs(budgets.leftPauses);
      this.#show(left === 0 ? 'held' : 'left');
      const pauseMs = isHeld ? budgets.heldLookMs : pausesMs.next().value;
      if (moves.underWay > 0) await moves.nextEnd(isAsked, pauseMs);
      else await condition(isAsked, pauseMs, { summary: 'then looks at the hosts again' });
      this.#ledger.forgive();
    }
    // The hosts are opened meanwhile; what takes longer than this goes on by itself.
    if (moves.underWay > 0) await this.#open();
    await moves.until(() => false, budgets.endNowMs);
  }

  /** Undefined: the hosts could not be looked at, which is no end of a maintenance that holds them. */
  async #look(isFirst: boolean): Promise<Plan | undefined> {
    try {
      const found = await plan(this.#carried.where, this.#ledger, { withCoverage: isFirst });
      this.#trouble = undefined;
      return found;
    } catch (error) {
      if (isFirst || !(error instanceof TemporalFailure)) throw error;
      this.#trouble = { message: told(error), attempt: (this.#trouble?.attempt ?? 0) + 1 };
      return undefined;
    }
  }

  #take(found: Plan): void {
    this.#ledger.seen(found, obstaclesOf(found));
    if (found.coverage.length === 0) return;
    const coverage = found.coverage.map(({ before, after }) => ({ before, after }));
    this.#carried = { ...this.#carried, coverage, warnings: warningsOf(found) };
    this.#page.planned(this.#carried.warnings);
  }

  #moves(verdict: 'moved' | 'movedBack'): Moves {
    const { reason, caps } = this.#input;
    const isBack = verdict === 'movedBack';
    const show = (): void => this.#show(this.#step);
    return new Moves({
      caps,
      request: ({ vm, from, to, together, makesRoomFor }): MigrateVmRequest => ({
        vm,
        to,
        reason: reasonOf(isBack, from, reason, makesRoomFor),
        rank: 'maintenance',
        wait: true,
        onlyFrom: [from],
        ...(together.length === 0 ? {} : { movesWith: [...together] }),
      }),
      onStart: (move, workflowId) => {
        this.#ledger.moving(move, workflowId, isBack ? 'movingBack' : 'moving');
        show();
      },
      onEnd: ({ vm, to }, end) => {
        if (end.kind === 'moved') this.#ledger.moved(vm, verdict, end.downtimeMs);
        else if (end.kind === 'gone') this.#ledger.gone(vm, end.reason);
        else if (isBack) this.#ledger.stays(vm, end.reason);
        else this.#ledger.notTaken(vm, to, end.reason, end.isFinal);
        show();
      },
      isStopping: () => isLong() || (isBack ? this.ending.isCutShort : this.ending.asked !== undefined),
    });
  }

  async #open(): Promise<void> {
    this.#show('opening');
    await open(this.#hosts, this.#by);
  }

  async #moveBack(): Promise<void> {
    this.#show('movingBack');
    const back = this.#moves('movedBack');
    try {
      for (;;) {
        const { moves, unplaced } = await planBack(this.#carried.where, this.#ledger);
        for (const { vm, reason } of unplaced) this.#ledger.stays(vm, reason);
        if (moves.length === 0 || this.ending.isCutShort) break;
        back.take(moves);
        await back.until(() => false);
        if (isLong()) await this.#continueAsNew('movingBack');
      }
    } catch (error) {
      if (!(error instanceof TemporalFailure)) throw error;
      // The hosts are open and the VMs run: that they are not back is no failure of the maintenance.
      for (const { vm } of this.#ledger.with('moved')) this.#ledger.stays(vm, told(error));
    }
  }

  async #continueAsNew(phase: CarriedMaintenance['phase']): Promise<never> {
    const { asked } = this.ending;
    return await continueAsNew<typeof maintainHosts>(this.#input, {
      ...this.#carried,
      phase,
      entries: this.#ledger.entries,
      ...(asked ? { ending: asked } : {}),
    });
  }

  #result(outcome: MaintainHostsResult['outcome'], refusal?: string): MaintainHostsResult {
    const { startedMs, coverage, warnings } = this.#carried;
    const { reason } = this.#input;
    return {
      outcome,
      message: refusal ?? endMessage(outcome, this.#hosts, this.#ledger),
      hosts: this.#hosts,
      ...(reason === undefined ? {} : { reason }),
      vms: this.#ledger.vms,
      coverage,
      warnings,
      wholeMs: Date.now() - startedMs,
    };
  }

  #show(step: MaintainHostsStatus['step']): void {
    const before = this.#step;
    this.#step = step;
    this.#page.show(this.#status);
    if (before !== step && step !== 'ended')
      upsertSearchAttributes(searchAttributesOf({ state: step, needsOperator: step === 'left' }));
  }
}

function whichOf({ hosts, failureDomain }: MaintainHostsInput): Parameters<typeof hostsMeant>[0] {
  return { ...(hosts ? { hosts } : {}), ...(failureDomain ? { failureDomain } : {}) };
}

function refused(found: Plan, message: string): ReturnType<typeof permanent> {
  return permanent('CheckFailed', `nothing was moved: ${message}`, {
    findings: found.blocked.flatMap(({ findings }) => findings),
    unplaced: found.unplaced,
  });
}

function reasonOf(
  isBack: boolean,
  from: string,
  reason: string | undefined,
  makesRoomFor: readonly string[] | undefined,
): string {
  const why = reason === undefined ? '' : `: ${reason}`;
  if (isBack) return `back, after a maintenance${why}`.slice(0, 500);
  const what = makesRoomFor ? `makes room for ${makesRoomFor.join(', ')}` : `maintenance of ${from}`;
  return `${what}${why}`.slice(0, 500);
}

function isLong(): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  return continueAsNewSuggested || historyLength >= longHistory;
}
