/** Where the Temporal UI shows what a verb speaks of. */
import type { Drover } from '../drover.ts';
import { operationLine, uiLinks } from '../ui-links.ts';

/** One line beside what the verb prints; nothing where nobody knows where the UI is. */
export function showInUi({ target }: Pick<Drover, 'target'>, workflowId: string): void {
  const line = operationLine(target, workflowId);
  if (line !== undefined) console.error(line);
}

/** For a program. */
export function inUi({ target }: Pick<Drover, 'target'>, workflowId: string): { readonly url?: string } {
  const url = uiLinks(target)?.operation(workflowId);
  return url === undefined ? {} : { url };
}
