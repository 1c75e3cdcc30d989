/** What the pages of all records have: operations with links to them, and what else can be seen and done. */
import { escaped } from '../../model/markdown.ts';
import type { Claimant } from '../../model/vm-record.ts';
import { linkTo } from '../page.ts';

/** An operation with a link to it, its kind, its rank, and who or what asked for it. */
export function claimantText({ workflowId, kind, rank, reason }: Claimant): string {
  const why = reason === undefined ? '' : `: ${escaped(reason, 300)}`;
  return `${linkTo(workflowId)} (${escaped(kind)}, ${rank}${why})`;
}

export function listText(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join('\n');
}
