/** The end of an operation on its page: what it said last, what that means, and what a person does next. */
import { isCancellation } from '@temporalio/workflow';
import { failureMeanings, type FailureType } from '../model/failures.ts';
import { escaped, inCode } from '../model/markdown.ts';
import { recordWorkflows } from '../model/operations.ts';
import { dataOf, told, typeOf } from './ending.ts';
import { linkTo, linkToSearch, linkToStart, linkToVm } from './page.ts';

export interface Ending {
  /** One word or two: `moved`, `failed: VmBusy`. */
  readonly word: string;
  /** The operation's own last sentence, as it is. */
  readonly message: string;
  /** In markdown. */
  readonly means: string;
  /** In markdown, the first first. */
  readonly next: readonly string[];
}

/** What an operation was about, for what a person does next. */
export interface About {
  readonly vm: string;
  readonly workflowType: 'migrateVm' | 'settleVm';
}

export function endingText({ word, message, means, next }: Ending): string {
  const steps = next.length === 0 ? ['Nothing has to be done.'] : next;
  return [
    `**Ended: ${word}.** ${escaped(message)}`,
    `**What it means:** ${means}`,
    `**What to do next:**\n\n${steps.map((step) => `- ${step}`).join('\n')}`,
  ].join('\n\n');
}

/** @param isInDoubt the lease of the VM stays: nobody acts on it before it is settled */
export function endingOfFailure(error: unknown, about: About, isInDoubt: boolean): Ending {
  const message = told(error);
  if (isCancellation(error)) {
    return {
      word: 'canceled',
      message,
      means: isInDoubt
        ? inDoubtMeans(about)
        : `somebody ended it; ${escaped(about.vm)} was left where it was.`,
      next: isInDoubt ? settleNext(about) : [again(about)],
    };
  }
  const type = typeOf(error);
  const meaning = Object.hasOwn(failureMeanings, type ?? '')
    ? failureMeanings[type as FailureType]
    : undefined;
  return {
    word: `failed: ${escaped(type ?? 'for no reason that Drover has a name for')}`,
    message,
    means: isInDoubt ? inDoubtMeans(about) : `${meaning ?? 'what came back is above, as it came'}.`,
    next: isInDoubt || type === 'NeedsOperator' ? settleNext(about) : nextAfter(type, error, about),
  };
}

function inDoubtMeans({ vm }: About): string {
  return `where ${escaped(vm)} is was not found out. Drover touches it no more, and nobody else may act on it, until that is settled.`;
}

function nextAfter(type: string | undefined, error: unknown, about: About): string[] {
  const vm = escaped(about.vm);
  switch (type) {
    case 'UnknownVm':
      return [
        `See which VMs there are: ${linkToSearch('VMs', `WorkflowType = '${recordWorkflows.vm}' AND ExecutionStatus = 'Running'`)}, or ${inCode('drover get vms')}.`,
        again(about),
      ];
    case 'UnknownHost':
      return [
        `See which hosts there are: ${linkToSearch('hosts', `WorkflowType = '${recordWorkflows.host}' AND ExecutionStatus = 'Running'`)}, or ${inCode('drover get hosts')}.`,
        again(about),
      ];
    case 'VmBusy':
      return [
        ...holderNext(error),
        `See who else waits: ${linkToVm(about.vm)}.`,
        ...(about.workflowType === 'migrateVm'
          ? [`Or start it with ${inCode('"wait": true')}, to have ${vm} in its turn.`]
          : []),
      ];
    case 'CheckFailed':
    case 'NoHostFits':
      return [
        'Mend what is named above; each reason says against which limit it was measured.',
        ...(about.workflowType === 'migrateVm'
          ? [`See every host with every rule: ${inCode(`drover explain ${about.vm}`)}.`]
          : []),
        again(about),
      ];
    case 'BudgetSpent':
      return [
        `See what does not answer: ${inCode('drover get hosts')}, ${inCode('drover doctor')}.`,
        again(about),
      ];
    default:
      return [again(about)];
  }
}

function holderNext(error: unknown): string[] {
  const { workflowId } = (dataOf(error) ?? {}) as { workflowId?: unknown };
  return typeof workflowId === 'string'
    ? [`Wait for ${linkTo(workflowId)}, or cancel it there (Request Cancellation).`]
    : [];
}

function settleNext({ vm }: About): string[] {
  return [
    'Do what is said above: look at the VM on the hosts that are named, before anything else.',
    `Then have it settled: ${inCode(`drover settle ${vm}`)}, or ${linkToStart('start settleVm', 'settleVm')} with the input ${inCode(JSON.stringify({ vm }))}.`,
    `See what is remembered of it: ${linkToVm(vm)}.`,
  ];
}

/** For another try, or the real one. */
export function again({ workflowType }: About): string {
  return `To try again: ${linkToStart(`start ${workflowType}`, workflowType)}, under an id of its own.`;
}
