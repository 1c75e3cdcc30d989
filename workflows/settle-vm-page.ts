/** The page of a settle in the Temporal UI: its current details, as a reader wants them. */
import { inputInWords } from '../model/input-words.ts';
import { escaped } from '../model/markdown.ts';
import type { SettleVmInput, SettleVmResult, SettleVmStatus, SettleVmStep } from '../model/settle-vm.ts';
import { askedText, linkToHost, linkToVm, showPage } from './page.ts';
import { endingOfFailure, endingText, type Ending } from './page-endings.ts';
import { StepLog } from './page-steps.ts';
import { leftOf, type StepState } from './unwind.ts';

const plan = [
  { name: 'look', what: 'the VM’s record says who has it' },
  { name: 'lease', what: 'the right to act on the VM, taken over where its operation has ended' },
  { name: 'settle', what: 'a move that was left is ended, and the hosts say where the VM is' },
  { name: 'tidy', what: 'the record knows where the VM is, and the lease is free' },
] as const;

const meaning: Readonly<Record<SettleVmStep, string>> = {
  waiting: 'the VM’s record is asked who has it',
  looking: 'every host is asked for the VM; nothing is touched',
  settling: 'the move that was left is ended, and both hosts are asked',
  ended: 'it has ended',
};

export class SettleVmPage {
  readonly #input: SettleVmInput;
  readonly #steps = new StepLog<string>(plan);
  #ending: Ending | undefined;

  constructor(input: SettleVmInput) {
    this.#input = input;
  }

  /** To be told what `runSteps` tells. */
  take(state: StepState): void {
    this.#steps.take(state, Date.now());
  }

  ended({ outcome, host, message }: Pick<SettleVmResult, 'outcome' | 'host' | 'message'>): void {
    this.#steps.end(true, Date.now());
    const isFree = 'operations may act on it';
    this.#ending = {
      word: outcome === 'nothingToDo' ? 'nothing to do' : outcome,
      message,
      means: `${escaped(this.#input.vm)} is on ${linkToHost(host)}, nobody doubts that, and ${isFree}.`,
      next: ['Where copies are named above that must never run: remove them, as it says there.'],
    };
  }

  /** @param isInDoubt where the VM is was not found out */
  failed(error: unknown, isInDoubt: boolean): void {
    this.#steps.end(false, Date.now(), leftOf(error));
    this.#ending = endingOfFailure(error, { vm: this.#input.vm, workflowType: 'settleVm' }, isInDoubt);
  }

  show({ step, from, to }: SettleVmStatus): void {
    const { vm, reason } = this.#input;
    const place = this.#steps.place;
    showPage(
      [
        `**Settles where ${linkToVm(vm)} is.** ${askedText(undefined, reason)}`,
        inputInWords
          .settleVm(this.#input)
          .map((line) => escaped(line))
          .join(' '),
        from !== undefined && to !== undefined
          ? `A move from ${linkToHost(from)} to ${linkToHost(to)} was left.`
          : undefined,
        this.#steps.table,
        this.#ending ? undefined : `**Now:** ${place === undefined ? '' : `${place}: `}${meaning[step]}.`,
      ],
      this.#ending && endingText(this.#ending),
    );
  }
}
