/** Waits for the end of an operation while Temporal, its workers and the network come and go. */
import { setTimeout as pause } from 'node:timers/promises';
import {
  OperationCanceled,
  OperationFailed,
  OperationNotFound,
  OperationTerminated,
} from '../../client/errors.ts';
import type { MaintainHostsResult } from '../../model/maintain-hosts.ts';
import type { MigrateVmResult } from '../../model/migrate-vm.ts';
import type { SettleVmResult } from '../../model/settle-vm.ts';
import type { Cell } from './cell.ts';
import { endingOf, type Ending } from './endings.ts';

/** @returns without an `ending` when the operation has none at `untilMs`, or ended without a name for it */
export async function awaitEnding(
  cell: Cell,
  { workflow, workflowId, vm }: Pick<Ending, 'workflow' | 'workflowId' | 'vm'>,
  untilMs: number,
): Promise<Ending> {
  const end = untilReached(untilMs, async () => {
    try {
      return await (
        await cell.drover()
      )
        .operation<MigrateVmResult | SettleVmResult | MaintainHostsResult>(workflowId)
        .result();
    } catch (error) {
      if (isEnd(error)) return error;
      throw error;
    }
  });
  const hasEnded = new AbortController();
  const tooLate = pause(Math.max(0, untilMs - performance.now()), undefined, {
    signal: hasEnded.signal,
  }).catch(() => undefined);
  const ended = await Promise.race([end.catch((error: Error) => error), tooLate]);
  // Nobody waits for the limit of what has ended.
  hasEnded.abort();
  if (ended === undefined || (ended instanceof Error && !isEnd(ended))) {
    const view = await (await cell.drover()).operation(workflowId).look();
    const trouble = view.trouble
      ? `attempt ${view.trouble.attempt}: ${view.trouble.message}`
      : 'no trouble told';
    return {
      workflow,
      workflowId,
      vm,
      message: `at the limit it is at "${view.status?.step}", ${trouble}`,
      restartedFromDisk: false,
    };
  }
  return endingOf({ workflow, workflowId, vm }, ended);
}

/** Waits for an operation that a record is about to begin. @throws OperationNotFound when there is none at `untilMs` */
export async function untilStarted(cell: Cell, workflowId: string, untilMs: number): Promise<void> {
  for (;;) {
    try {
      await untilReached(untilMs, async () => (await cell.drover()).operation(workflowId).look());
      return;
    } catch (error) {
      if (!(error instanceof OperationNotFound) || performance.now() > untilMs) throw error;
    }
    await pause(200);
  }
}

/** Asks again, as people and machines do, while Temporal is away. */
export async function untilReached<T>(untilMs: number, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (performance.now() > untilMs || isEnd(error)) throw error;
    }
    await pause(200);
  }
}

function isEnd(error: unknown): error is Error {
  return [OperationFailed, OperationCanceled, OperationTerminated, OperationNotFound].some(
    (kind) => error instanceof kind,
  );
}
