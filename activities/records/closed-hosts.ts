/** Which hosts take no VMs, by Temporal's lists: one question, whatever the number of hosts. */
import type { Client } from '@temporalio/client';
import { hostStates } from '../../model/host-record.ts';
import { hostRecordId, recordWorkflows, searchAttributes } from '../../model/operations.ts';
import type { ClosedHost } from './record-activities.ts';

const closedStates = hostStates.filter((state): state is ClosedHost['state'] => state !== 'active');
const query =
  `WorkflowType = '${recordWorkflows.host}' AND ExecutionStatus = 'Running' AND ` +
  `${searchAttributes.state} IN (${closedStates.map((state) => `'${state}'`).join(', ')})`;

export async function closedHosts(client: Client): Promise<ClosedHost[]> {
  const found: ClosedHost[] = [];
  for await (const { workflowId, typedSearchAttributes } of client.workflow.list({ query, pageSize: 1000 })) {
    const state = typedSearchAttributes
      .getAll()
      .find(({ key }) => key.name === searchAttributes.state)
      ?.value?.toString();
    const closed = closedStates.find((one) => one === state);
    if (closed) found.push({ host: workflowId.slice(hostRecordId('').length), state: closed });
  }
  return found;
}
