/** Addresses in the Temporal UI, to be printed where an operation or a record is shown: docs/temporal-ui.md. */
import { hostRecordId, vmRecordId, type OperationName } from '../model/operations.ts';
import { searchPath, startPath, workflowPath } from '../model/ui-paths.ts';
import type { TemporalTarget } from '../settings/temporal.ts';

export interface UiLinks {
  /** @param workflowId of an operation or a record */
  operation(workflowId: string): string;
  vm(name: string): string;
  host(name: string): string;
  /**
   * The Start dialog with the task queue and the type filled in. The UI takes no input by its address: it shows that of
   * the newest run of the type, or, with an id, of the operation of that id.
   */
  start(name: OperationName, workflowId?: string): string;
  /** @param query a list filter, such as `DroverNeedsOperator = true`: https://docs.temporal.io/list-filter */
  search(query: string): string;
}

/** Undefined where nobody knows where the UI is: a Temporal of one's own, and no `temporal.uiUrl` in the settings. */
export function uiLinks({
  uiUrl,
  namespace,
}: Pick<TemporalTarget, 'uiUrl' | 'namespace'>): UiLinks | undefined {
  if (uiUrl === undefined) return undefined;
  const inUi = (path: string): string => uiUrl.replace(/\/+$/, '') + path;
  const at = encodeURIComponent(namespace);
  const operation = (workflowId: string): string => inUi(workflowPath(at, workflowId));
  return {
    operation,
    vm: (name) => operation(vmRecordId(name)),
    host: (name) => operation(hostRecordId(name)),
    start: (name, workflowId) => inUi(startPath(at, name, workflowId)),
    search: (query) => inUi(searchPath(at, query)),
  };
}

/** The line that the CLI prints beside an operation; nothing where nobody knows where the UI is. */
export function operationLine(
  target: Pick<TemporalTarget, 'uiUrl' | 'namespace'>,
  workflowId: string,
): string | undefined {
  const url = uiLinks(target)?.operation(workflowId);
  return url === undefined ? undefined : `in the Temporal UI: ${url}`;
}
