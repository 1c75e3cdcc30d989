/** The page of a VM's record in the Temporal UI: who holds the VM, who waits, where it was, what was done with it. */
import type { Claimant, VmRecord } from '../../model/vm-record.ts';
import { pageTable } from '../page-table.ts';

export function vmRecordPage({ vm, lease, queue, seen, shouldRun, operations }: VmRecord): string {
  return pageTable(`VM ${vm}`, [
    ['held by', lease ? `${called(lease.holder)}, since ${lease.since}` : 'nobody'],
    ...(lease ? ([['lease', `${lease.epoch}, attempts on hosts: ${lease.attempt}`]] as const) : []),
    ...(lease?.state === 'inDoubt'
      ? ([
          [
            'in doubt',
            `${lease.doubt ?? ''}. Nobody acts on ${vm} until settleVm has found out, or you say where it runs: drover settle ${vm} --runs-on HOST`,
          ],
        ] as const)
      : []),
    ...(lease?.move
      ? ([
          ['moves', [`from ${lease.move.from} to ${lease.move.to}`, ...lease.move.notes].join(', ')],
        ] as const)
      : []),
    ...(lease?.stop
      ? ([['asked to stop', `by ${called(lease.stop.by)}, at ${lease.stop.since}`]] as const)
      : []),
    ...queue.map(
      ({ claimant, since }, index) =>
        [`waits, ${index + 1}.`, `${called(claimant)}, since ${since}`] as const,
    ),
    ['last seen', seen ? `${seen.state} (${seen.stateReason}) on ${seen.host}, at ${seen.at}` : 'never'],
    ['should run', shouldRun === undefined ? 'never seen running' : shouldRun ? 'yes' : 'no'],
    ...operations.map(
      ({ workflowId, outcome, endedAt, message }) =>
        [endedAt, `${outcome}: ${workflowId}: ${message}`] as const,
    ),
  ]);
}

function called({ workflowId, kind, rank, reason }: Claimant): string {
  return `${workflowId} (${kind}, ${rank}${reason === undefined ? '' : `: ${reason}`})`;
}
