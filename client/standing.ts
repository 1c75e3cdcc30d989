/** Drover's standing in numbers, counted by Temporal alone, for monitoring. */
import type { Client } from '@temporalio/client';
import { hostStates, type HostState } from '../model/host-record.ts';
import { operationInputs, recordWorkflows, searchAttributes } from '../model/operations.ts';

export interface Standing {
  /** Operations that run now, dry runs included. */
  readonly running: number;
  /** VMs that have a record. */
  readonly vms: number;
  /** VMs that no operation acts on until a person, or a settle, has found out where they are. */
  readonly vmsInDoubt: number;
  /** Hosts that have a record, by its state. */
  readonly hosts: Readonly<Record<HostState, number>>;
}

/** Lists lag a moment behind what happens, and so does what is counted of them. */
export async function standingOf(client: Client): Promise<Standing> {
  const types = Object.keys(operationInputs).map((name) => `'${name}'`);
  const count = async (...conditions: string[]): Promise<number> =>
    (await client.workflow.count([`ExecutionStatus = 'Running'`, ...conditions].join(' AND '))).count;
  const [running, vms, vmsInDoubt, ...hosts] = await Promise.all([
    count(`WorkflowType IN (${types.join(', ')})`),
    count(`WorkflowType = '${recordWorkflows.vm}'`),
    count(`WorkflowType = '${recordWorkflows.vm}'`, `${searchAttributes.needsOperator} = true`),
    ...hostStates.map((state) =>
      count(`WorkflowType = '${recordWorkflows.host}'`, `${searchAttributes.state} = '${state}'`),
    ),
  ]);
  return {
    running,
    vms,
    vmsInDoubt,
    hosts: Object.fromEntries(hostStates.map((state, at) => [state, hosts[at] ?? 0])) as Standing['hosts'],
  };
}
