/** How operations let go of what they hold at records. */
import { CancellationScope, isCancellation, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { LetGoOfAll, RecordActivities } from '../activities/records/record-activities.ts';
import { taskQueue } from '../model/operations.ts';
import { told, typeOf } from './ending.ts';
import type { Unwinding } from './unwind.ts';

const records = proxyActivities<RecordActivities>({
  taskQueue,
  // As long as a worker's death here goes unnoticed.
  startToCloseTimeout: '10s',
  retry: { maximumInterval: '30s' },
  summary: 'let go',
});

/** May be repeated. Tried without end, also when canceled: what is never let go of would keep others waiting. */
export function letGoOfAll({ vm, hosts }: LetGoOfAll): Promise<void> {
  // An attempt that freezes here and wakes later must not let go of what the operation, or its id, was given since.
  const runId = workflowInfo().firstExecutionRunId;
  const asOf = new Date().toISOString();
  const held: LetGoOfAll = {
    ...(vm ? { vm: { ...vm, runId } } : {}),
    hosts: hosts.map((host) => ({ ...host, asOf })),
  };
  return CancellationScope.nonCancellable(() => records.letGoOfAll(held));
}

/** A lease, as the operation that took it or tried to knows it. */
export interface LeaseToGiveBack {
  readonly vm: string;
  /** Absent: it may have been granted, or may wait in the queue. */
  readonly epoch: number | undefined;
  /** Why nobody may act on the VM until it is settled. */
  readonly doubt: string | undefined;
}

/**
 * Undoes a lease: it is free for the next, or it stays in doubt; so too where a step after it could not be undone.
 * It leaves the queue where it was not granted.
 */
export function giveBack(
  { vm, epoch, doubt }: LeaseToGiveBack,
  { why, left }: Pick<Unwinding<unknown>, 'why' | 'left'>,
): Promise<void> {
  const notUndone = left.map(({ step, message, byHand }) => `${step} was not undone (${message}). ${byHand}`);
  const doubts = [...(doubt === undefined ? [] : [doubt]), ...notUndone].join(' ');
  return letGoOfAll({
    vm: {
      vm,
      workflowId: workflowInfo().workflowId,
      ...(epoch === undefined ? {} : { epoch }),
      outcome: outcomeOf(why, doubts !== ''),
      message: told(why),
      ...(doubts === '' ? {} : { doubt: doubts }),
    },
    hosts: [],
  });
}

/** As records remember it. */
function outcomeOf(why: Error, isInDoubt: boolean): string {
  if (isCancellation(why)) return 'canceled';
  const type = typeOf(why);
  return type === 'NeedsOperator' && isInDoubt ? 'inDoubt' : (type ?? 'failed');
}
