/**
 * `migrateVm`: moves a running VM to another host without interrupting those who use it.
 *
 * | step  | do                                                                  | undo                              |
 * |-------|---------------------------------------------------------------------|-----------------------------------|
 * | hold  | the only operation on this VM                                       | let go                            |
 * | check | everything that could stop the move, all findings at once; the host | none: it only reads               |
 * | move  | one activity: start or re-attach, follow, then ask both hosts       | none: the hypervisor rolls back   |
 *
 * The point of no return is the hypervisor's own switch-over; afterwards what both hosts say decides, never an
 * exception.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  defineQuery,
  defineSignal,
  isCancellation,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { MoveVmRequest } from '../activities/move-vm.ts';
import { blockingOf, nothingToDo } from '../model/blocking.ts';
import { permanent } from '../model/failures.ts';
import { MigrateVmInput } from '../model/migrate-vm-input.ts';
import type { Finding, MigrateVmResult, MigrateVmStatus, MigrationProgress } from '../model/migrate-vm.ts';
import { queries, signals } from '../model/operations.ts';
import { holdVmWhile } from './hold.ts';
import { check } from './migrate-vm-check.ts';
import { move, needsOperator } from './migrate-vm-move.ts';
import { showPage } from './migrate-vm-page.ts';
import { parseInput } from './parse-input.ts';
import { searchAttributesOf } from './search-attributes.ts';

const progressQuery = defineQuery<MigrateVmStatus>(queries.progress);
const moveProgressSignal = defineSignal<[MigrationProgress]>(signals.moveProgress);

export async function migrateVm(rawInput: unknown): Promise<MigrateVmResult> {
  const input = parseInput('migrateVm', MigrateVmInput, rawInput ?? {}, { vm: 'web1', to: 'host2' });
  let status: MigrateVmStatus = { step: 'waiting', vm: input.vm };
  let note: string | undefined;
  const show = (next: Partial<MigrateVmStatus>, ending?: string): void => {
    status = { ...status, ...next };
    showPage(status, input, { ...(ending ? { ending } : {}), ...(note ? { note } : {}) });
  };
  const whenLost = (lost: string): void => {
    note = lost;
    show({});
  };
  setHandler(progressQuery, () => status, { description: 'The step it is at, and how far the copy is.' });
  setHandler(moveProgressSignal, (progress) => show({ progress }), {
    description: 'Sent by the worker that moves the VM.',
  });
  upsertSearchAttributes(searchAttributesOf({ kind: 'migrateVm', vm: input.vm, state: 'running' }));

  try {
    const ended = input.dryRun
      ? await checkAndMove(input, show)
      : await holdVmWhile(input.vm, () => checkAndMove(input, show), whenLost);
    const result = note ? { ...ended, message: `${ended.message}; ${note}` } : ended;
    show({ step: 'ended' }, result.message);
    upsertSearchAttributes(searchAttributesOf({ state: result.outcome }));
    return result;
  } catch (error) {
    show({ step: 'ended' }, endingOf(error));
    upsertSearchAttributes(searchAttributesOf(standingAfter(error, status)));
    throw error;
  }
}

async function checkAndMove(
  input: MigrateVmInput,
  show: (next: Partial<MigrateVmStatus>) => void,
): Promise<MigrateVmResult> {
  const startedMs = Date.now();
  show({ step: 'checking' });
  const { datacenter, found } = await check(input, (trouble) => show({ trouble }));
  const { vm, from, to, placement } = found;
  const findings = found.findings.toSorted((a, b) => a.severity.localeCompare(b.severity));
  const result = (
    outcome: MigrateVmResult['outcome'],
    message: string,
    figures: MigrateVmResult['figures'] = {},
  ): MigrateVmResult => ({
    outcome,
    vm: vm.name,
    from,
    ...(to === undefined ? {} : { to }),
    ...(input.reason === undefined ? {} : { reason: input.reason }),
    message,
    findings,
    placement,
    wholeMs: Date.now() - startedMs,
    figures,
  });

  const needless = nothingToDo(input, findings);
  if (needless) return result('nothingToDo', `nothing to do: ${needless.message}`);
  const blocking = blockingOf(findings, input.acceptWarnings);
  if (input.dryRun) {
    if (blocking.length > 0) return result('blocked', `${vm.name} can't be moved: ${sentences(blocking)}`);
    if (to === undefined) return result('blocked', placement.reason);
    return result('planned', `${vm.name} would move from ${from} to ${to}: ${placement.reason}`);
  }
  if (blocking.length > 0) {
    throw ApplicationFailure.create(
      permanent('CheckFailed', `${vm.name} was not moved: ${sentences(blocking)}`, { findings }),
    );
  }
  if (to === undefined) {
    throw ApplicationFailure.create(
      permanent('NoHostFits', `${vm.name} was not moved: ${placement.reason}`, { placement }),
    );
  }

  upsertSearchAttributes(searchAttributesOf({ host: to }));
  show({ step: 'moving', from, to });
  const order: MoveVmRequest = {
    vm: { name: vm.name, uuid: vm.uuid },
    from,
    to,
    timeoutSeconds: input.timeoutSeconds ?? budgetSeconds(vm.memoryMiB),
    ...(input.maxDowntimeMs === undefined ? {} : { maxDowntimeMs: input.maxDowntimeMs }),
    ...(input.bandwidthMiBps === undefined ? {} : { bandwidthMiBps: input.bandwidthMiBps }),
  };
  const { report, spent } = await move(datacenter, order);
  switch (report.outcome) {
    case 'moved':
      return result('moved', `${vm.name} moved from ${from} to ${to}: ${report.reason}`, report.figures);
    case 'stayed':
      if (report.canceled && spent === undefined)
        throw new CancelledFailure(`canceled: ${report.reason}; nothing was changed`);
      throw ApplicationFailure.create(
        permanent(
          'MigrationAborted',
          `${vm.name} was not moved, ${report.reason}: ${spent ?? report.cause ?? 'the hypervisor gave no reason'}`,
        ),
      );
    case 'both':
    case 'none':
    case 'inDoubt':
      throw ApplicationFailure.create(needsOperator(order, report.reason, report.cause ?? spent));
    default:
      throw new TypeError(`no such outcome: ${String(report.outcome satisfies never)}`);
  }
}

/** 150 s for each GiB of memory, as KubeVirt allows, and 5 minutes at least. */
function budgetSeconds(memoryMiB: number): number {
  return Math.max(300, Math.ceil((150 * memoryMiB) / 1024));
}

/** What lists show of an operation that did not end well; of a VM that stayed, the host that it stayed on. */
function standingAfter(error: unknown, { from }: MigrateVmStatus): Parameters<typeof searchAttributesOf>[0] {
  const type = error instanceof ApplicationFailure ? error.type : undefined;
  const isCanceled = isCancellation(error);
  const needsOperator = type === 'NeedsOperator';
  const stayed = isCanceled || type === 'MigrationAborted';
  return {
    state: isCanceled ? 'canceled' : needsOperator ? 'needsOperator' : 'failed',
    needsOperator,
    ...(stayed && from !== undefined ? { host: from } : {}),
  };
}

function sentences(findings: readonly Finding[]): string {
  return findings.map(({ message }) => message).join('; ');
}

function endingOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // An activity's own failure is in that of the activity; what the workflow itself says needs no look below.
  const told = error instanceof ActivityFailure && error.cause ? error.cause : error;
  return told.message;
}
