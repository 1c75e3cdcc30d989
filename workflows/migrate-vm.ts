/**
 * `migrateVm`: moves a running VM to another host without interrupting those who use it.
 *
 * | step  | do                                                                          | undo           |
 * |-------|-----------------------------------------------------------------------------|----------------|
 * | lease | the VM's record grants the right to act on it; what was left is settled     | give it back   |
 * | check | everything that could stop the move, all findings at once; the host, where  | let go of room |
 * |       | room is held from then on                                                   |                |
 * | raise | only for a VM that bears a later epoch than its record knew: above that one  | none: as it is |
 * | slots | a migration out of the source, one into the target                          | let go of them |
 * | move  | one activity: start or re-attach, follow, commit, then ask both hosts       | none: see below|
 * | tidy  | the record knows where the VM is; everything is let go                      | none: the end  |
 *
 * A move is never undone: it ends by itself as moved or stayed, with nothing left behind, and what both hosts say
 * decides which, never an exception. Where the fault is the target's, another host is tried. The lease is given back in
 * doubt while what was left, or what could not be undone, is not settled; of room that a check held whose answer was lost
 * the host's record finds out by itself.
 */
import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  defineQuery,
  defineSignal,
  isCancellation,
  setHandler,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { permanent } from '../model/failures.ts';
import { MigrateVmInput } from '../model/migrate-vm-input.ts';
import { AlertResolved } from '../model/alerts.ts';
import type { MigrateVmResult, MigrateVmStatus, MigrationProgress } from '../model/migrate-vm.ts';
import { queries, signals } from '../model/operations.ts';
import { budgetSeconds } from '../policies/convergence/budget.ts';
import type { MoveUnderWay, StopRequest } from '../model/vm-record.ts';
import { standingOf, told, typeOf } from './ending.ts';
import { claimantOf, raiseLease, takeLease } from './lease.ts';
import { check, type FoundIn } from './migrate-vm-check.ts';
import { endWithoutMove, resultOf, type Decision } from './migrate-vm-end.ts';
import { Holdings } from './migrate-vm-holdings.ts';
import { move, needsOperator } from './migrate-vm-move.ts';
import { MigrateVmPage } from './migrate-vm-page.ts';
import { takeSlots } from './migrate-vm-slots.ts';
import { parseInput } from './parse-input.ts';
import { beginListed, searchAttributesOf } from './search-attributes.ts';
import { settleMove } from './settle-vm-move.ts';
import { runSteps, type StepState } from './steps.ts';

const progressQuery = defineQuery<MigrateVmStatus>(queries.progress);
const moveProgressSignal = defineSignal<[MigrationProgress]>(signals.moveProgress);
const stopSignal = defineSignal<[StopRequest]>(signals.stop);
const alertResolvedSignal = defineSignal<[unknown]>(signals.alertResolved);

/** Hosts that one operation tries, where one after another turns out not to take the VM. */
const mostTargets = 3;
/** A passing fault of the migration itself is met by one more try. */
const retryPauseMs = 2000;

export async function migrateVm(rawInput: unknown): Promise<MigrateVmResult> {
  const input = parseInput('migrateVm', MigrateVmInput, rawInput ?? {}, { vm: 'web1', to: 'host2' });
  let status: MigrateVmStatus = { step: 'waiting', vm: input.vm };
  const page = new MigrateVmPage(input);
  const show = (next: Partial<MigrateVmStatus>): void => {
    status = { ...status, ...next };
    page.show(status);
  };
  const held = new Holdings(input.vm, workflowInfo().workflowId);
  setHandler(progressQuery, () => status, { description: 'The step it is at, and how far the copy is.' });
  setHandler(moveProgressSignal, (progress) => show({ progress }), {
    description: 'Sent by the worker that moves the VM.',
  });
  const work = new CancellationScope();
  let stop: StopRequest | undefined;
  setHandler(
    stopSignal,
    (request) => {
      stop ??= request;
      work.cancel();
    },
    { description: 'Sent by the VM’s record: an operation that comes first needs the VM.' },
  );
  setHandler(
    alertResolvedSignal,
    // Whether there is a cause to move the check finds out itself, and by nobody's word.
    (notice) => {
      const { data } = AlertResolved.safeParse(notice);
      if (data && status.alertResolvedAt === undefined) show({ alertResolvedAt: data.at });
    },
    { description: 'Sent by the alert receiver: the alert is over. It is noted; the move goes on.' },
  );
  beginListed({ kind: 'migrateVm', vm: input.vm });

  try {
    const tell = { show, page };
    const result = await work.run(() =>
      input.dryRun ? dryRun(input, tell) : moveInSteps(input, held, tell),
    );
    page.ended(result);
    show({ step: 'ended' });
    upsertSearchAttributes(searchAttributesOf({ state: result.outcome }));
    return result;
  } catch (error) {
    const ending = stop && isCancellation(error) ? stopped(stop, error) : error;
    page.failed(ending, held.isInDoubt);
    show({ step: 'ended' });
    upsertSearchAttributes(searchAttributesOf(standingAfter(ending, status, held.isInDoubt)));
    throw ending;
  }
}

/** Who is told of what goes on. */
interface Tell {
  readonly show: (next: Partial<MigrateVmStatus>) => void;
  readonly page: MigrateVmPage;
}

async function dryRun(input: MigrateVmInput, { show, page }: Tell): Promise<MigrateVmResult> {
  const startedMs = Date.now();
  page.take({ step: 'check', phase: 'doing' });
  show({ step: 'checking' });
  const { found } = await check(input, { rehearse: true }, (trouble) => show({ trouble }));
  page.decided(found);
  const decision = endWithoutMove(input, found);
  if (decision.kind !== 'end') throw new TypeError('a dry run would move');
  return decision.end(startedMs);
}

async function moveInSteps(
  input: MigrateVmInput,
  held: Holdings,
  { show, page }: Tell,
): Promise<MigrateVmResult> {
  const startedMs = Date.now();
  const operation = claimantOf(input.rank, input.reason);
  const onStep = (state: StepState): void => {
    page.take(state);
    show({});
  };

  return runSteps(
    async (step) => {
      const lease = await step({
        name: 'lease',
        do: () =>
          takeLease(input.vm, operation, {
            wait: input.wait,
            onWait: (holder) =>
              show({
                step: 'waiting',
                waitsFor: holder?.holder.workflowId,
                holders: holder && [holder.holder.workflowId],
              }),
          }),
        undo: (unwinding) => held.giveBack(unwinding),
        always: true,
        byHand: `When the records answer: drover settle ${input.vm}.`,
      });
      held.granted(lease);
      let { epoch } = lease;
      const { unsettled } = lease;
      if (unsettled) {
        await step({
          name: 'settle',
          do: () => settle(input.vm, unsettled, epoch, held),
          noUndo: 'it ends what an earlier operation left, and asks both hosts',
        });
      }

      for (let targets = 1, retries = 0, rehearse = false; ;) {
        const hosts = new Set<string>();
        const checking = {
          operation,
          onRoom: (host: string) => void hosts.add(host),
          passOver: held.passedOver,
          rehearse,
        };
        const checked = await step({
          name: 'check',
          do: () => {
            show({ step: 'checking' });
            return check(input, checking, (trouble) => show({ trouble }));
          },
          undo: () => held.letGo(hosts),
          always: true,
        });
        const { found } = checked;
        page.decided(found);
        const twice = found.findings.find(({ code }) => code === 'runsTwice');
        if (twice) held.doubt(twice.message);
        const decision: Decision = endWithoutMove(input, found);
        if (decision.kind === 'end') return await tidy(decision.end(startedMs), hosts);
        const { to } = decision;
        show({ step: 'moving', from: found.from, to, warnings: found.findings });
        upsertSearchAttributes(searchAttributesOf({ host: to }));
        hosts.add(found.from).add(to);

        const { epoch: borne = 0 } = found.vm;
        if (borne > epoch) {
          epoch = await step({
            name: 'raise',
            do: () => raiseLease(input.vm, operation, borne),
            noUndo: 'a raised lease is given back by the epoch that was granted as well',
          });
        }

        await step({
          name: 'slots',
          do: () =>
            takeSlots(operation, checked, to, (waitsFor, holders) =>
              show({ step: waitsFor === undefined ? 'moving' : 'waiting', waitsFor, holders }),
            ),
          undo: () => held.letGo(hosts),
          always: true,
        });

        const order = orderOf(input, checked, to, { workflowId: operation.workflowId, epoch });
        const { report, spent } = await step({
          name: 'move',
          do: () => held.orInDoubt(() => move(order)),
          pointOfNoReturn: (end) => end.report.outcome === 'moved',
          noUndo: 'it ends as moved or stayed by itself, and both hosts say which',
        });
        const cause = spent ?? report.cause;
        switch (report.outcome) {
          case 'moved': {
            const message = `${input.vm} moved from ${found.from} to ${to}: ${report.reason}`;
            return await tidy(
              resultOf(input, found, { outcome: 'moved', message, startedMs, figures: report.figures }),
              hosts,
            );
          }
          case 'stayed':
            break;
          case 'none':
            // That it runs nowhere is known, and so it is in no doubt.
            throw ApplicationFailure.create(needsOperator(order, report.reason, cause));
          case 'both':
          case 'inDoubt':
            held.doubt(report.reason);
            throw ApplicationFailure.create(needsOperator(order, report.reason, cause));
          default:
            throw new TypeError(`no such outcome: ${String(report.outcome satisfies never)}`);
        }
        // Temporal keeps no text of a cancellation, and that a VM was restarted must be told.
        if (report.canceled && spent === undefined && report.restarted !== true)
          throw new CancelledFailure(`canceled: ${report.reason}; nothing was changed`);
        const aborted = permanent(
          'MigrationAborted',
          `${input.vm} was not moved, ${report.reason}: ${cause ?? (report.canceled ? 'it was canceled' : 'the hypervisor gave no reason')}`,
        );
        const isTargets = report.fault === 'target' && targets < mostTargets;
        const isPassing = report.fault === 'passing' && retries === 0;
        if (spent !== undefined || report.canceled || (!isTargets && !isPassing))
          throw ApplicationFailure.create(aborted);
        await step({
          name: 'let go',
          do: () => held.letGo(hosts),
          noUndo: 'nothing is held that would have to be given back',
        });
        hosts.clear();
        if (isPassing) {
          retries++;
          await sleep(retryPauseMs, { summary: `then ${input.vm} is moved once more` });
        } else if (input.to === undefined) {
          targets++;
          held.passOver(to, cause ?? 'the migration was refused');
        } else if (rehearse) throw ApplicationFailure.create(aborted);
        // Of a host that was asked for by name everything is told that it lacks.
        else rehearse = true;
      }

      async function tidy(result: MigrateVmResult, hosts: ReadonlySet<string>): Promise<MigrateVmResult> {
        await step({
          name: 'tidy',
          do: () => held.letGoOfAll(result, hosts),
          // The next may act on the VM already.
          pointOfNoReturn: true,
          noUndo: 'the operation has ended',
        });
        return result;
      }
    },
    { onStep },
  );
}

/** What an earlier operation has left is ended before anything else. */
async function settle(vm: string, left: MoveUnderWay, epoch: number, held: Holdings): Promise<void> {
  const { outcome, reason } = await settleMove(vm, left, epoch);
  if (outcome !== 'both' && outcome !== 'inDoubt') {
    held.settled();
    return;
  }
  held.doubt(reason);
  const { uuid, from, to } = left;
  throw ApplicationFailure.create(
    needsOperator(
      { vm: { name: vm, uuid }, from, to },
      `an earlier operation left it so: ${reason}`,
      undefined,
    ),
  );
}

/** What the activity is asked. */
function orderOf(
  input: MigrateVmInput,
  { datacenter, found }: FoundIn,
  to: string,
  lease: { readonly workflowId: string; readonly epoch: number },
): Parameters<typeof move>[0] {
  const { vm, from, keepaliveSeconds } = found;
  return {
    vm: { name: vm.name, uuid: vm.uuid },
    datacenter,
    from,
    to,
    lease,
    keepaliveSeconds,
    timeoutSeconds: input.timeoutSeconds ?? budgetSeconds(vm.memoryMiB),
    ...(input.maxDowntimeMs === undefined ? {} : { maxDowntimeMs: input.maxDowntimeMs }),
    ...(input.bandwidthMiBps === undefined ? {} : { bandwidthMiBps: input.bandwidthMiBps }),
  };
}

function stopped({ by }: StopRequest, error: unknown): ApplicationFailure {
  const why = `stopped, because ${by.workflowId} (${by.kind}, rank ${by.rank}) comes first: ${told(error)}`;
  return ApplicationFailure.create({ ...permanent('MigrationAborted', why), cause: error as Error });
}

/** What lists show of an operation that did not end well; of a VM that stayed, the host that it stayed on. */
function standingAfter(
  error: unknown,
  { from }: MigrateVmStatus,
  isInDoubt: boolean,
): Parameters<typeof searchAttributesOf>[0] {
  const stayed = !isInDoubt && (isCancellation(error) || typeOf(error) === 'MigrationAborted');
  return { ...standingOf(error, isInDoubt), ...(stayed && from !== undefined ? { host: from } : {}) };
}
