/**
 * `settleVm`: finds out where a VM is whose lease is in doubt, or whose operation ended without settling it.
 *
 * | step   | do                                                              | undo                                     |
 * |--------|-----------------------------------------------------------------|------------------------------------------|
 * | lease  | takes it over, where its operation has ended                    | gives it back, in doubt if it was so     |
 * | settle | a move that was left: ends it and asks both hosts;              | none: what a host says remains so        |
 * |        | else, or by a person's word: looks at every host                | none: it only reads                      |
 *
 * What can't be found out stays in doubt, with the reason, and asks for a person.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  defineQuery,
  isCancellation,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { permanent } from '../model/failures.ts';
import { queries } from '../model/operations.ts';
import { SettleVmInput, type SettleVmResult, type SettleVmStatus } from '../model/settle-vm.ts';
import type { MoveUnderWay } from '../model/vm-record.ts';
import { showTable } from './page.ts';
import { parseInput } from './parse-input.ts';
import { searchAttributesOf } from './search-attributes.ts';
import { giveBack, isDoubted, readLease, takeLease, type HeldLease } from './settle-vm-lease.ts';
import { settleMove } from './settle-vm-move.ts';
import { find, toSettle, type Found } from './settle-vm-place.ts';

const progressQuery = defineQuery<SettleVmStatus>(queries.progress);

export async function settleVm(rawInput: unknown): Promise<SettleVmResult> {
  const input = parseInput('settleVm', SettleVmInput, rawInput ?? {}, { vm: 'web1' });
  const startedMs = Date.now();
  let status: SettleVmStatus = { step: 'waiting', vm: input.vm };
  const show = (next: Partial<SettleVmStatus>, end?: string): void => {
    status = { ...status, ...next };
    const { vm, step, from, to } = status;
    const { runsOn, reason: why } = input;
    showTable('settle', {
      VM: vm,
      'runs on': runsOn && `${runsOn}, by a person's word`,
      why,
      from,
      to,
      step,
      end,
    });
  };
  setHandler(progressQuery, () => status, { description: 'The step it is at.' });
  upsertSearchAttributes(searchAttributesOf({ kind: 'settleVm', vm: input.vm, state: 'running' }));
  show({});
  try {
    const { host, outcome, message } = await settle(input, show);
    show({ step: 'ended' }, message);
    upsertSearchAttributes(searchAttributesOf({ state: outcome, host }));
    const { vm, reason } = input;
    return {
      outcome,
      vm,
      host,
      ...(reason === undefined ? {} : { reason }),
      message,
      wholeMs: Date.now() - startedMs,
    };
  } catch (error) {
    show({ step: 'ended' }, told(error));
    const needsOperator = error instanceof ApplicationFailure && error.type === 'NeedsOperator';
    const state = isCancellation(error) ? 'canceled' : needsOperator ? 'needsOperator' : 'failed';
    upsertSearchAttributes(searchAttributesOf({ state, needsOperator }));
    throw error;
  }
}

async function settle(
  input: SettleVmInput,
  show: (next: Partial<SettleVmStatus>) => void,
): Promise<{ host: string; outcome: SettleVmResult['outcome']; message: string }> {
  const { vm } = input;
  const known = await readLease(vm);
  // A name that was mistyped should leave no record behind.
  if (!known) await find(input, undefined, show);
  const lease = await CancellationScope.nonCancellable(() => takeLease(input, known));
  const wasInDoubt = isDoubted(lease);
  let found: Found;
  try {
    if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('canceled');
    const move = input.runsOn === undefined ? lease.unsettled : undefined;
    found = move ? await ofMove(move, lease, input, show) : await find(input, lease, show);
  } catch (error) {
    // Nothing was found out: it is as it was. Only of a VM that no host has any more nothing is left to doubt.
    const why = isCancellation(error) ? 'the settle was canceled' : told(error);
    const isGone = error instanceof ApplicationFailure && error.type === 'UnknownVm';
    const doubt = wasInDoubt && !isGone ? (lease.before?.doubt ?? why) : undefined;
    const outcome = isCancellation(error) ? 'canceled' : 'failed';
    await giveBack(lease, { vm, outcome, message: why, ...(doubt === undefined ? {} : { doubt }) });
    throw error;
  }
  if (found.kind === 'doubt') {
    const { text } = found;
    await giveBack(lease, { vm, outcome: 'inDoubt', message: text, doubt: text });
    throw ApplicationFailure.create(permanent('NeedsOperator', text, lease.unsettled));
  }
  const { host, text, hasMoved = false } = found;
  const outcome = wasInDoubt ? 'settled' : 'nothingToDo';
  const message = `${wasInDoubt ? '' : 'nothing to do: '}${vm} is on ${host}: ${text}`;
  await giveBack(lease, { vm, outcome, message, host, ...(hasMoved ? { hasMoved } : {}) });
  return { host, outcome, message };
}

/** Ends what the last holder left, and finds out where that left the VM. */
async function ofMove(
  move: MoveUnderWay,
  lease: HeldLease,
  input: SettleVmInput,
  show: (next: Partial<SettleVmStatus>) => void,
): Promise<Found> {
  const { from, to } = move;
  show({ step: 'settling', from, to });
  const end = await settleMove(input.vm, move, lease.epoch);
  switch (end.outcome) {
    case 'moved':
      return { kind: 'at', host: to, hasMoved: true, text: end.reason };
    case 'stayed':
      return { kind: 'at', host: from, text: end.reason };
    case 'none':
    case 'both':
      // Where it is not between these two, a third may have it since; and a person needs every copy by its address.
      return find(input, lease, show);
    case 'inDoubt':
      return {
        kind: 'doubt',
        text: `where ${input.vm} (UUID ${move.uuid}) is was not found out: ${end.reason}. ${toSettle(input.vm)}`,
      };
    default:
      throw new TypeError(`no such outcome: ${String(end.outcome satisfies never)}`);
  }
}

function told(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // An activity's own failure is in that of the activity; what the workflow itself says needs no look below.
  return (error instanceof ActivityFailure && error.cause ? error.cause : error).message;
}
