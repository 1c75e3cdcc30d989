/** The names on the wire: workflow types, ids, task queues, search attributes, queries and signals. */
import type { z } from 'zod';
import { MigrateVmInput } from './migrate-vm-input.ts';
import { closedStates } from './host-record.ts';
import { MaintainHostsInput } from './maintain-hosts.ts';
import { SettleVmInput } from './settle-vm.ts';

/** Every operation a person can start, by its workflow type, with the schema of its one input. */
export const operationInputs = {
  migrateVm: MigrateVmInput,
  settleVm: SettleVmInput,
  maintainHosts: MaintainHostsInput,
} as const satisfies Record<string, z.ZodType>;
export type OperationName = keyof typeof operationInputs;

/** Workflows of which a person needs not know; the CLI or a schedule starts them. */
export const internalWorkflows = {
  listInventory: 'listInventory',

  readCoverage: 'readCoverage',

  surveyHerd: 'surveyHerd',

  doctor: 'doctor',
} as const;

/** Temporal's schedule that runs `surveyHerd`. */
export const surveyScheduleId = 'drover-survey';

/** Records, by their workflow types: one run of each for every VM and host, under these ids. */
export const recordWorkflows = { vm: 'vmRecord', host: 'hostRecord' } as const;

export function vmRecordId(vm: string): string {
  return `vm/${vm}`;
}

export function hostRecordId(host: string): string {
  return `host/${host}`;
}

/** What activities ask of records, each with one object of `vm-record.ts` or `host-record.ts`. */
export const recordUpdates = {
  acquire: 'acquire',
  confirm: 'confirm',
  release: 'release',
  see: 'see',
  reserve: 'reserve',
  takeSlot: 'takeSlot',
  letGo: 'letGo',
  setState: 'setState',
} as const;

/** What a person tells a maintenance, by updates. */
export const maintenanceUpdates = { finish: 'finish', cancel: 'cancel' } as const;

/** Workflows, and activities that need no place. */
export const taskQueue = 'drover';

/** Activities that touch the hosts of one datacenter, so that a worker can run inside each. */
export function datacenterTaskQueue(datacenter: string): string {
  return `drover-${datacenter}`;
}

/** Search attributes, all of type Keyword but the last: they make the Temporal UI the inventory. */
export const searchAttributes = {
  kind: 'DroverKind',
  vm: 'DroverVm',
  host: 'DroverHost',
  service: 'DroverService',
  state: 'DroverState',
  needsOperator: 'DroverNeedsOperator',
} as const;

/** Temporal's list filter for the records of hosts that take no VMs. */
export const closedHostsQuery =
  `WorkflowType = '${recordWorkflows.host}' AND ExecutionStatus = 'Running' AND ` +
  `${searchAttributes.state} IN (${closedStates.map((state) => `'${state}'`).join(', ')})`;

/** `progress`: of an operation. `record`: the whole of a record. */
export const queries = { progress: 'progress', record: 'record' } as const;

/**
 * `moveProgress`: from the activity that moves a VM, so that the operation's page shows what the hypervisor measures.
 * `leaseGranted`, `slotGranted`: from a record, to an operation whose turn has come. `leaseInDoubt`: to the one that is
 * next, which may take the lease over and settle it. `stop`: from a VM's record to the
 * holder of its lease, with a `StopRequest`: an operation that comes first needs the VM. `alertResolved`: from the alert
 * receiver, with an `AlertResolved`: the alert that asked for the operation is over.
 */
export const signals = {
  moveProgress: 'moveProgress',
  leaseGranted: 'leaseGranted',
  leaseInDoubt: 'leaseInDoubt',
  slotGranted: 'slotGranted',
  stop: 'stop',
  alertResolved: 'alertResolved',
} as const;
