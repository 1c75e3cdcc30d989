/**
 * `settleVm`: finds out where a VM is whose lease is in doubt, or whose operation ended without settling it.
 *
 * | step   | do                                                              | undo                                 |
 * |--------|-----------------------------------------------------------------|--------------------------------------|
 * | look   | the VM's record says who has it                                 | none: it only reads                  |
 * | lease  | takes it over, where its operation has ended                    | gives it back, in doubt if it was so |
 * | settle | a move that was left: ends it and asks both hosts;              | none: what was ended stays ended     |
 * |        | else, or by a person's word: looks at every host                | none: it only reads                  |
 * | tidy   | the record knows where the VM is; the lease is free             | none: the next may have it already   |
 *
 * What can't be found out stays in doubt, with the reason, and asks for a person.
 */
import { ApplicationFailure, defineQuery, setHandler, upsertSearchAttributes } from '@temporalio/workflow';
import { permanent } from '../model/failures.ts';
import { queries } from '../model/operations.ts';
import { SettleVmInput, type SettleVmResult, type SettleVmStatus } from '../model/settle-vm.ts';
import type { MoveUnderWay } from '../model/vm-record.ts';
import { standingOf, told } from './ending.ts';
import { claimantOf } from './lease.ts';
import { giveBack } from './let-go.ts';
import { showTable } from './page.ts';
import { parseInput } from './parse-input.ts';
import { searchAttributesOf } from './search-attributes.ts';
import { readLease, SettledLease } from './settle-vm-lease.ts';
import { settleMove } from './settle-vm-move.ts';
import { find, toSettle, type Found } from './settle-vm-place.ts';
import { runSteps } from './steps.ts';

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
    const { host, outcome, message } = await settleInSteps(input, show);
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
    upsertSearchAttributes(searchAttributesOf(standingOf(error)));
    throw error;
  }
}

async function settleInSteps(
  input: SettleVmInput,
  show: (next: Partial<SettleVmStatus>) => void,
): Promise<Pick<SettleVmResult, 'host' | 'outcome' | 'message'>> {
  const { vm } = input;
  return runSteps(async (step) => {
    const known = await step({
      name: 'look',
      do: async () => {
        const read = await readLease(vm);
        // A name that was mistyped should leave no record behind.
        if (!read) await find(input, undefined, show);
        return read;
      },
      noUndo: 'it only reads',
    });
    const lease = new SettledLease(vm, claimantOf('person', input.reason), known?.lease);
    await step({
      name: 'lease',
      do: () => lease.take(),
      undo: ({ why, left }) =>
        giveBack({ vm, epoch: lease.epoch, doubt: lease.doubtAfter(why) }, { why, left }),
      always: true,
      byHand: `When the records answer: drover settle ${vm}.`,
    });
    const found = await step({
      name: 'settle',
      do: () => {
        const move = input.runsOn === undefined ? lease.unsettled : undefined;
        return move ? ofMove(move, lease, input, show) : find(input, lease, show);
      },
      noUndo: 'what it ends stays ended, and a host says the same again',
    });
    if (found.kind === 'doubt')
      throw ApplicationFailure.create(permanent('NeedsOperator', found.text, lease.unsettled));

    const { host, text, hasMoved = false } = found;
    const outcome = lease.isDoubted ? 'settled' : 'nothingToDo';
    const message = `${lease.isDoubted ? '' : 'nothing to do: '}${vm} is on ${host}: ${text}`;
    await step({
      name: 'tidy',
      do: () => lease.letGo({ outcome, message, host, hasMoved }),
      // The next may act on the VM already.
      pointOfNoReturn: true,
      noUndo: 'nobody doubts where the VM is any more',
    });
    return { host, outcome, message };
  });
}

/** Ends what the last holder left, and finds out where that left the VM. */
async function ofMove(
  move: MoveUnderWay,
  lease: SettledLease,
  input: SettleVmInput,
  show: (next: Partial<SettleVmStatus>) => void,
): Promise<Found> {
  const { from, to } = move;
  show({ step: 'settling', from, to });
  if (lease.epoch === undefined) throw new TypeError('there is no lease to settle by');
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
