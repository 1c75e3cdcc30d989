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
import { standingOf } from './ending.ts';
import { claimantOf } from './lease.ts';
import { giveBack } from './let-go.ts';
import { parseInput } from './parse-input.ts';
import { beginListed, searchAttributesOf } from './search-attributes.ts';
import { readLease, SettledLease } from './settle-vm-lease.ts';
import { settleMove } from './settle-vm-move.ts';
import { SettleVmPage } from './settle-vm-page.ts';
import { find, toSettle, type Found } from './settle-vm-place.ts';
import { runSteps, type StepState } from './steps.ts';

const progressQuery = defineQuery<SettleVmStatus>(queries.progress);

export async function settleVm(rawInput: unknown): Promise<SettleVmResult> {
  const input = parseInput('settleVm', SettleVmInput, rawInput ?? {}, { vm: 'web1' });
  const startedMs = Date.now();
  let status: SettleVmStatus = { step: 'waiting', vm: input.vm };
  const page = new SettleVmPage(input);
  const show = (next: Partial<SettleVmStatus>): void => {
    status = { ...status, ...next };
    page.show(status);
  };
  setHandler(progressQuery, () => status, { description: 'The step it is at.' });
  beginListed({ kind: 'settleVm', vm: input.vm });
  show({});
  let lease: SettledLease | undefined;
  try {
    const { host, outcome, message } = await settleInSteps(input, {
      show,
      page,
      onLease: (taken) => void (lease = taken),
    });
    page.ended({ outcome, host, message });
    show({ step: 'ended' });
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
    const isInDoubt = lease?.doubtAfter(error as Error) !== undefined;
    page.failed(error, isInDoubt);
    show({ step: 'ended' });
    upsertSearchAttributes(searchAttributesOf(standingOf(error, isInDoubt)));
    throw error;
  }
}

/** Who is told of what goes on. */
interface Tell {
  readonly show: (next: Partial<SettleVmStatus>) => void;
  readonly page: SettleVmPage;
  readonly onLease: (lease: SettledLease) => void;
}

async function settleInSteps(
  input: SettleVmInput,
  { show, page, onLease }: Tell,
): Promise<Pick<SettleVmResult, 'host' | 'outcome' | 'message'>> {
  const { vm } = input;
  const onStep = (state: StepState): void => {
    page.take(state);
    show({});
  };
  return runSteps(
    async (step) => {
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
      onLease(lease);
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
    },
    { onStep },
  );
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
