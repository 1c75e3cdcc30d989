/**
 * Paths of the Temporal UI's pages, as its version 2.42 has them. Workflows put them into their pages with
 * `{namespace}`, for which the UI puts the name in; clients make whole addresses of them (`client/ui-links.ts`).
 */
import { taskQueue } from './operations.ts';

/** Under the UI's own address. @param namespace percent-encoded */
function inNamespace(namespace: string): string {
  return `/namespaces/${namespace}/workflows`;
}

/** The page of an operation or a record, of its newest run. */
export function workflowPath(namespace: string, workflowId: string): string {
  return `${inNamespace(namespace)}/${encoded(workflowId)}`;
}

/**
 * The Start dialog, filled in but for the input: that is the one of the newest run of this type, and the UI takes none
 * by its address.
 */
export function startPath(namespace: string, workflowType: string, workflowId?: string): string {
  const parameters = new Map([
    ['taskQueue', taskQueue],
    ['workflowType', workflowType],
  ]);
  if (workflowId !== undefined) parameters.set('workflowId', workflowId);
  const query = [...parameters].map(([name, value]) => `${name}=${encoded(value)}`).join('&');
  return `${inNamespace(namespace)}/start-workflow?${query}`;
}

/** A list of workflows by Temporal's list filter: https://docs.temporal.io/list-filter */
export function searchPath(namespace: string, query: string): string {
  return `${inNamespace(namespace)}?query=${encoded(query)}`;
}

/** Also quotes and brackets: in markdown they would end an address, in a terminal what is taken for one. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /['()]/g,
    (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
