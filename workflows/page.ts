/** The page of an operation in the Temporal UI: its current details. What pages of all operations have stands here. */
import { setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import { escaped, link, pageOf } from '../model/markdown.ts';
import { hostRecordId, vmRecordId } from '../model/operations.ts';
import { searchPath, startPath, workflowPath } from '../model/ui-paths.ts';
import { timeText } from './page-steps.ts';

/** The UI puts the name of the namespace in. */
const namespace = '{namespace}';

/** Shows a page in the place of what was shown before. @param last stays whole where the page is cut */
export function showPage(parts: readonly (string | undefined)[], last?: string): void {
  setCurrentDetails(pageOf(parts, last));
}

/** An operation or a record by its id. */
export function linkTo(workflowId: string): string {
  return link(workflowId, workflowPath(namespace, workflowId));
}

/** The record of a host. @param host its name */
export function linkToHost(host: string): string {
  return link(host, workflowPath(namespace, hostRecordId(host)));
}

/** The record of a VM. @param vm its name */
export function linkToVm(vm: string): string {
  return link(vm, workflowPath(namespace, vmRecordId(vm)));
}

export function linkToStart(text: string, workflowType: string): string {
  return link(text, startPath(namespace, workflowType));
}

export function linkToSearch(text: string, query: string): string {
  return link(text, searchPath(namespace, query));
}

/** `Since 2026-11-25 09:38:42 UTC`: since when this operation runs. */
export function sinceText(): string {
  return `Since ${timeText(workflowInfo().startTime.getTime())}`;
}

/** Since when this operation runs, for whom, and why. */
export function askedText(rank: string | undefined, reason: string | undefined): string {
  const forWhom = rank === undefined ? '' : `, ${ranksInWords[rank] ?? `at the rank ${escaped(rank)}`}`;
  return `${sinceText()}${forWhom}. Why: ${reason === undefined ? 'nobody said' : escaped(reason)}.`;
}

const ranksInWords: Readonly<Record<string, string>> = {
  failover: 'for a failover',
  maintenance: 'for maintenance',
  person: 'as a person’s request',
  balance: 'to balance the load',
  scaleDown: 'to scale down',
};
