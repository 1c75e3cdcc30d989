/** What is there once an operation has ended, asked of the hosts by virsh and of /proc, and of Temporal. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { LabHost } from '../../../lab/lab.ts';
import {
  hostRecordId,
  operationInputs,
  queries,
  recordWorkflows,
  vmRecordId,
} from '../../../model/operations.ts';
import type { HostRecord } from '../../../model/host-record.ts';
import type { VmRecord } from '../../../model/vm-record.ts';
import { virsh } from '../../support/world.ts';
import { processesIn } from '../lab/world.ts';
import type { Stage } from './stage.ts';

/** What every host has of the lab's VM, and of anything else. */
export interface WorldNow {
  readonly runsOn: readonly string[];
  readonly persistentOn: readonly string[];
  /** Whatever else is there, a sentence each; nothing after a right end. */
  readonly left: readonly string[];
}

export async function lookAtHosts(stage: Stage): Promise<WorldNow> {
  const seen = await Promise.all(stage.hosts.map((host) => lookAt(host, stage.vm.uuid)));
  const runsOn = seen.flatMap(({ host, state }) => (state?.startsWith('running') ? [host] : []));
  return {
    runsOn,
    persistentOn: seen.flatMap(({ host, isPersistent }) => (isPersistent ? [host] : [])),
    left: seen.flatMap(({ host, state, others, processes, hasJob }) => [
      ...(state !== undefined && !runsOn.includes(host) ? [`${host} has the VM ${state}`] : []),
      ...others.map((other) => `${host} has another VM: ${other}`),
      ...(processes > (state?.startsWith('shut off') === false ? 1 : 0)
        ? [`${host} has ${processes} QEMU processes`]
        : []),
      ...(hasJob ? [`${host} has a job of the VM under way`] : []),
    ]),
  };
}

async function lookAt(host: LabHost, uuid: string) {
  const all = await lines(host, '--all', '--uuid');
  const isThere = all.includes(uuid);
  const state = isThere ? await virsh(host, 'domstate', '--reason', '--domain', uuid) : undefined;
  const isOff = state === undefined || state.startsWith('shut off');
  return {
    host: host.name,
    state,
    isPersistent: (await lines(host, '--all', '--persistent', '--uuid')).includes(uuid),
    others: all.filter((each) => each !== uuid),
    processes: qemuProcesses(host).length,
    hasJob: !isOff && !/Job type:\s+None/.test(await jobOf(host, uuid)),
  };
}

/** Of a migration that comes in, libvirt says only that it tells nothing. */
async function jobOf(host: LabHost, uuid: string): Promise<string> {
  try {
    return await virsh(host, 'domjobinfo', '--domain', uuid);
  } catch (error) {
    return (error as Error).message;
  }
}

async function lines(host: LabHost, ...which: readonly string[]): Promise<string[]> {
  return (await virsh(host, 'list', ...which)).split('\n').filter(Boolean);
}

/** Processes of QEMU on a host, whether its libvirtd knows them or not. */
export function qemuProcesses(host: LabHost): number[] {
  return processesIn(host.namespace).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('qemu-system');
    } catch {
      return false; // it has ended since
    }
  });
}

/** The process of a VM: the host's libvirtd writes it beside its own socket. */
export function qemuOf({ socket }: LabHost, vm: string): number {
  return Number(readFileSync(join(dirname(socket), 'qemu', `${vm}.pid`), 'utf8'));
}

/**
 * What a VM's kernel cried last, if it did: QEMU's emulation now and then loses a guest's write while memory is copied,
 * with `virsh migrate` as with Drover (lab/README.md), and the kernel then finds its own memory broken.
 */
export function kernelCrash(host: LabHost, vm: string): string | undefined {
  const log = `/proc/${qemuOf(host, vm)}/root/var/log/libvirt/qemu/${vm}-console.log`;
  const cry = /^.*(general protection fault|kernel BUG|Oops|Kernel panic|unable to handle).*$/m;
  return cry.exec(readFileSync(log, 'latin1'))?.[0].trim();
}

/** What is held for operations: leases of the VM, room and slots on hosts, operations that go on; a sentence each. */
export async function heldInTemporal(stage: Stage): Promise<string[]> {
  const held: string[] = [];
  const vm = vmRecordId(stage.vm.name);
  const record = await recordOf<VmRecord>(stage, vm, recordWorkflows.vm);
  if (record === 'other') held.push(`${vm} is held`);
  else if (record?.lease)
    held.push(`${vm} is ${record.lease.state} by ${record.lease.holder.workflowId}: ${record.lease.doubt}`);
  for (const { name } of stage.hosts) {
    const host = await recordOf<HostRecord>(stage, hostRecordId(name), recordWorkflows.host);
    if (host === undefined || host === 'other') continue;
    const { reservations, slots, waiting } = host;
    const claims = [...reservations, ...slots.in, ...slots.out, ...waiting.in, ...waiting.out];
    for (const claim of claims) held.push(`${name} holds room for ${claim.operation.workflowId}`);
  }
  for (const type of Object.keys(operationInputs)) {
    const query = `WorkflowType = '${type}' AND ExecutionStatus = 'Running'`;
    for await (const { workflowId } of stage.temporal.workflow.list({ query }))
      held.push(`${workflowId} goes on`);
  }
  return held;
}

/** `other`: a workflow of another kind has this id and runs. */
async function recordOf<R>(stage: Stage, workflowId: string, type: string): Promise<R | 'other' | undefined> {
  const handle = stage.temporal.workflow.getHandle(workflowId);
  try {
    const description = await handle.describe();
    if (description.status.name !== 'RUNNING') return undefined;
    return description.type === type ? await handle.query<R>(queries.record) : 'other';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
