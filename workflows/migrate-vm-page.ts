/** The page of a move in the Temporal UI: its current details, as a reader wants them. */
import { blockingOf } from '../model/blocking.ts';
import { inputInWords } from '../model/input-words.ts';
import { escaped, inCode } from '../model/markdown.ts';
import type { MigrateVmInput } from '../model/migrate-vm-input.ts';
import type { Finding, MigrateVmResult, MigrateVmStatus, MigrateVmStep } from '../model/migrate-vm.ts';
import type { Placement } from '../model/placement.ts';
import { progressText } from '../model/progress-text.ts';
import { askedText, linkTo, linkToHost, linkToStart, linkToVm, showPage } from './page.ts';
import { again, endingOfFailure, endingText, type Ending } from './page-endings.ts';
import { placementPart } from './page-placement.ts';
import { durationText, StepLog } from './page-steps.ts';
import { leftOf, type StepState } from './unwind.ts';

const plan = [
  { name: 'lease', what: 'the right to act on the VM, which one operation has at a time' },
  { name: 'settle', what: 'what an earlier operation left is ended', ifNeeded: true },
  { name: 'check', what: 'everything that could stop the move; the host is chosen and room held there' },
  { name: 'raise', what: 'the lease is set above what the VM bears', ifNeeded: true },
  { name: 'slots', what: 'a migration out of the source, one into the target' },
  { name: 'move', what: 'memory is copied while the VM runs, then it goes on at the target' },
  { name: 'let go', what: 'what was held at a host that did not take the VM', ifNeeded: true },
  { name: 'tidy', what: 'the records know where the VM is, and all is let go' },
] as const;
const planOfDryRun = [
  { name: 'check', what: 'everything that could stop the move, and which host' },
] as const;

const meaning: Readonly<Record<MigrateVmStep, string>> = {
  waiting: 'its turn has not come: another operation acts on the VM, or its hosts move as many as they may',
  checking: 'everything is checked that could stop the move, and the host is chosen',
  moving: 'the memory is copied; the VM runs on',
  ended: 'it has ended',
};

export class MigrateVmPage {
  readonly #input: MigrateVmInput;
  readonly #steps: StepLog<string>;
  #placement: Placement | undefined;
  #findings: readonly Finding[] = [];
  #undoTrouble: StepState['trouble'];
  #ending: Ending | undefined;

  constructor(input: MigrateVmInput) {
    this.#input = input;
    this.#steps = new StepLog<string>(input.dryRun ? planOfDryRun : plan);
  }

  /** To be told what `runSteps` tells. */
  take(state: StepState): void {
    this.#steps.take(state, Date.now());
    this.#undoTrouble = state.trouble;
  }

  decided({
    placement,
    findings,
  }: {
    readonly placement: Placement;
    readonly findings: readonly Finding[];
  }): void {
    this.#placement = placement;
    this.#findings = findings;
  }

  ended(result: MigrateVmResult): void {
    this.#steps.end(true, Date.now());
    this.#ending = endingOf(result, this.#input);
  }

  /** @param isInDoubt where the VM is was not found out */
  failed(error: unknown, isInDoubt: boolean): void {
    this.#steps.end(false, Date.now(), leftOf(error));
    this.#ending = endingOfFailure(error, { vm: this.#input.vm, workflowType: 'migrateVm' }, isInDoubt);
  }

  show(status: MigrateVmStatus): void {
    const { step, from, to = this.#input.to, trouble, progress, alertResolvedAt } = status;
    const { vm, dryRun, rank, reason } = this.#input;
    const place = this.#steps.place;
    const isMoving = step === 'moving' && progress !== undefined;
    const undoing = this.#undoTrouble;
    showPage(
      [
        `**${dryRun ? 'Checks a move of' : 'Moves'} ${linkToVm(vm)}** from ${from === undefined ? 'where it is' : linkToHost(from)} to ${to === undefined ? 'the best host' : linkToHost(to)}. ${askedText(rank, reason)}`,
        inputInWords
          .migrateVm(this.#input)
          .map((line) => escaped(line))
          .join(' '),
        alertResolvedAt === undefined
          ? undefined
          : `The alert is resolved since ${escaped(alertResolvedAt)}; that is noted, and the move goes on.`,
        this.#steps.table,
        this.#ending ? undefined : `**Now:** ${place === undefined ? '' : `${place}: `}${meaning[step]}.`,
        step === 'waiting' ? waitsText(status) : undefined,
        isMoving ? `**Copy:** ${escaped(progressText(progress))}.` : undefined,
        trouble && !this.#ending
          ? `**Trouble,** attempt ${trouble.attempt}: ${escaped(trouble.message)}. It is tried again.`
          : undefined,
        undoing && !this.#ending
          ? `**Trouble with undoing,** attempt ${undoing.attempt}: ${escaped(undoing.message)}. It is tried again.`
          : undefined,
        this.#placement && placementPart(this.#placement),
        findingsPart(this.#findings),
      ],
      this.#ending && endingText(this.#ending),
    );
  }
}

function waitsText({ waitsFor, holders = [] }: MigrateVmStatus): string | undefined {
  if (waitsFor === undefined) return undefined;
  const links = holders.map(linkTo).join(', ');
  return `**Waits for** ${escaped(waitsFor)}${links === '' ? '' : `: ${links}`}. It goes on by itself; to end it, request its cancellation.`;
}

function findingsPart(findings: readonly Finding[]): string | undefined {
  if (findings.length === 0) return undefined;
  const lines = findings.map(({ severity, code, message }) => `- ${severity} (${code}): ${escaped(message)}`);
  return `**What the check found:**\n\n${lines.join('\n')}`;
}

function endingOf(result: MigrateVmResult, input: MigrateVmInput): Ending {
  const { outcome, message } = result;
  const vm = escaped(result.vm);
  const about = { vm: input.vm, workflowType: 'migrateVm' } as const;
  switch (outcome) {
    case 'moved':
      return { word: 'moved', message, means: movedMeans(result), next: [] };
    case 'nothingToDo':
      return {
        word: 'nothing to do',
        message,
        means: `${vm} was left where it is, and nothing was changed.`,
        next: [],
      };
    case 'planned':
      return {
        word: 'planned',
        message,
        means: `nothing was changed; asked without ${inCode('dryRun')}, it is moved so, unless something has changed by then.`,
        next: [
          `Move it: ${linkToStart('start migrateVm', 'migrateVm')} without ${inCode('dryRun')}, or ${inCode(`drover migrate ${input.vm}${input.to === undefined ? '' : ` --to ${input.to}`}`)}.`,
        ],
      };
    case 'blocked': {
      const errors = blockingOf(result.findings, input.acceptWarnings).length;
      return {
        word: 'blocked',
        message,
        means: `nothing was changed; ${vm} can’t be moved so (${errors === 0 ? 'no host fits' : `${errors} ${errors === 1 ? 'thing stands' : 'things stand'} against it`}).`,
        next: ['Mend what is named above.', again(about)],
      };
    }
    default:
      throw new TypeError(`no such outcome: ${String(outcome satisfies never)}`);
  }
}

function movedMeans({ vm, from, to, wholeMs, figures }: MigrateVmResult): string {
  const { downtimeMs, copiedBytes, iterations } = figures;
  const measured = [
    `it took ${durationText(wholeMs)}`,
    ...(downtimeMs === undefined ? [] : [`the VM stood still for ${Math.round(downtimeMs)} ms`]),
    ...(copiedBytes === undefined ? [] : [`${Math.round(copiedBytes / 1024 ** 2)} MiB were copied`]),
    ...(iterations === undefined ? [] : [`in ${iterations} ${iterations === 1 ? 'pass' : 'passes'}`]),
  ].join(', ');
  return `${escaped(vm)} is on ${escaped(to ?? 'its new host')}, and nothing of it is left on ${escaped(from)}; ${measured}.`;
}
