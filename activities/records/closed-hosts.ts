/** Which hosts take no VMs, by Temporal's lists: one question, whatever the number of hosts. */
import type { Client } from '@temporalio/client';
import { closedStates } from '../../model/host-record.ts';
import { closedHostsQuery, hostRecordId, searchAttributes } from '../../model/operations.ts';
import type { ClosedHost } from './record-activities.ts';

export async function closedHosts(client: Client): Promise<ClosedHost[]> {
  const found: ClosedHost[] = [];
  for await (const { workflowId, typedSearchAttributes } of client.workflow.list({
    query: closedHostsQuery,
    pageSize: 1000,
  })) {
    const state = typedSearchAttributes
      .getAll()
      .find(({ key }) => key.name === searchAttributes.state)
      ?.value?.toString();
    const closed = closedStates.find((one) => one === state);
    if (closed) found.push({ host: workflowId.slice(hostRecordId('').length), state: closed });
  }
  return found;
}
