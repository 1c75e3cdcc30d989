/** Which hosts take no VMs, by Temporal's lists. */
import type { Client } from '@temporalio/client';
import { closedStates, type ClosedState } from '../model/host-record.ts';
import { closedHostsQuery, hostRecordId, searchAttributes } from '../model/operations.ts';

/** One question, whatever the number of hosts. @returns the state of each, by the host's name */
export async function closedHosts(client: Client): Promise<ReadonlyMap<string, ClosedState>> {
  const found = new Map<string, ClosedState>();
  for await (const { workflowId, typedSearchAttributes } of client.workflow.list({
    query: closedHostsQuery,
    pageSize: 1000,
  })) {
    const attributes = new Map(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
    const state = closedStates.find((one) => one === attributes.get(searchAttributes.state));
    if (state) found.set(workflowId.slice(hostRecordId('').length), state);
  }
  return found;
}
