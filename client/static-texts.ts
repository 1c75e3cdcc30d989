/** What the Temporal UI shows of an operation from its start on: one line for lists, and who asked for what. */
import { MaintainHostsInput, type MaintainHostsRequest } from '../model/maintain-hosts.ts';
import { inputInWords } from '../model/input-words.ts';
import { escaped, inCode, link, pageOf } from '../model/markdown.ts';
import { vmRecordId, type OperationName } from '../model/operations.ts';
import { workflowPath } from '../model/ui-paths.ts';

export interface StaticTexts {
  readonly staticSummary: string;
  readonly staticDetails: string;
}

export interface Started {
  readonly name: OperationName;
  readonly workflowId: string;
  /** As it was given; wrong ones are for the workflow to refuse. */
  readonly input: unknown;
  readonly askedBy: string;
  /** Default: what is asked for. */
  readonly summary?: string | undefined;
}

/** What Temporal takes for a summary is 400 bytes. */
const mostOfSummary = 200;
const docs: Readonly<Record<OperationName, string>> = {
  migrateVm: 'docs/operations/migrate-vm.md',
  settleVm: 'docs/operations/settle-vm.md',
  maintainHosts: 'docs/operations/maintain-hosts.md',
};

/**
 * The id stands in it, since the UI's Start dialog takes the details of the last operation along to the next: of one
 * whose id is another it is not.
 */
export function staticTexts({ name, workflowId, input, askedBy, summary }: Started): StaticTexts {
  const words = wordsOf(name, input);
  const { vm, reason } = (input ?? {}) as { vm?: unknown; reason?: unknown };
  return {
    staticSummary: (summary ?? words.join(' ')).slice(0, mostOfSummary).replace(/[\uD800-\uDBFF]$/, ''),
    staticDetails: pageOf([
      `**Asked for by** ${escaped(askedBy)}: ${escaped(words.join(' '))}`,
      typeof reason === 'string' ? `**Why:** ${escaped(reason)}` : undefined,
      [
        `- This is of ${inCode(workflowId)}; of an operation with another id it was copied by the Start dialog.`,
        `- To watch it: ${inCode(`drover watch ${workflowId}`)}; to end it: ${inCode(`drover cancel ${workflowId}`)}.`,
        ...(typeof vm === 'string'
          ? [`- What is remembered of the VM: ${link(vm, workflowPath('{namespace}', vmRecordId(vm)))}.`]
          : []),
        `- What it does, step by step, and how it can end: ${docs[name]}.`,
      ].join('\n'),
    ]),
  };
}

function wordsOf(name: OperationName, input: unknown): string[] {
  if (name === 'maintainHosts') {
    const { data } = MaintainHostsInput.safeParse(input);
    // Defaults are no part of what was asked.
    return data
      ? inputInWords[name](input as MaintainHostsRequest)
      : [`${name} with an input that is not valid.`];
  }
  const { vm } = (input ?? {}) as { vm?: unknown };
  if (typeof vm !== 'string') return [`${name} with an input that names no VM.`];
  return inputInWords[name]({ ...(input as object), vm });
}
