/** What Temporal knows of an operation, besides what its own query answers. */
import type { WorkflowExecutionDescription } from '@temporalio/client';
import { searchAttributes } from '../model/operations.ts';

export interface OperationDetails {
  readonly workflowId: string;
  readonly type: string;
  /** Temporal's status: RUNNING, COMPLETED, FAILED, CANCELLED, TERMINATED, TIMED_OUT. */
  readonly status: string;
  readonly vm?: string;
  readonly host?: string;
  readonly state?: string;
  readonly needsOperator: boolean;
  /** Who or what asked. */
  readonly summary?: string;
  readonly startedAt: string;
  readonly endedAt?: string;
}

export async function detailsOf(described: WorkflowExecutionDescription): Promise<OperationDetails> {
  const attributes = new Map(
    described.typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]),
  );
  const text = (key: 'vm' | 'host' | 'state'): Partial<Record<typeof key, string>> => {
    const value = attributes.get(searchAttributes[key]);
    return typeof value === 'string' ? { [key]: value } : {};
  };
  const summary = await described.staticSummary();
  return {
    workflowId: described.workflowId,
    type: described.type,
    status: described.status.name,
    ...text('vm'),
    ...text('host'),
    ...text('state'),
    needsOperator: attributes.get(searchAttributes.needsOperator) === true,
    ...(summary === undefined ? {} : { summary }),
    startedAt: described.startTime.toISOString(),
    ...(described.closeTime ? { endedAt: described.closeTime.toISOString() } : {}),
  };
}
