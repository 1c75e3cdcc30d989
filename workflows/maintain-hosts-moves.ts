/** Carries the moves of a plan out: one `migrateVm` for each, so many at a time, in the plan's order. */
import {
  ChildWorkflowCancellationType,
  ParentClosePolicy,
  condition,
  startChild,
} from '@temporalio/workflow';
import { TemporalFailure } from '@temporalio/common';
import type { PlannedMove } from '../model/evacuation.ts';
import type { MaintainHostsInput } from '../model/maintain-hosts.ts';
import type { MigrateVmRequest } from '../model/migrate-vm-input.ts';
import type { MigrateVmResult } from '../model/migrate-vm.ts';
import { taskQueue } from '../model/operations.ts';
import { dataOf, told, typeOf } from './ending.ts';

export type Caps = MaintainHostsInput['caps'];

/** How one move ended. */
export type MoveEnd =
  | { readonly kind: 'moved'; readonly downtimeMs?: number }
  /** It was not there any more, or did not run. */
  | { readonly kind: 'gone'; readonly reason: string }
  /** `isFinal`: another host would change nothing. */
  | { readonly kind: 'failed'; readonly reason: string; readonly isFinal: boolean };

export interface CarryOut {
  readonly caps: Caps;
  /** The input of a move's operation. */
  readonly request: (move: PlannedMove) => MigrateVmRequest;
  readonly onStart: (move: PlannedMove, workflowId: string) => void;
  readonly onEnd: (move: PlannedMove, end: MoveEnd) => void;
  /** No further move begins once it is so; those under way go to their end. */
  readonly isStopping: () => boolean;
}

/** Returns when every move that it began has ended, and none can begin. */
export async function carryOut(moves: readonly PlannedMove[], options: CarryOut): Promise<void> {
  const { caps, onStart, onEnd, isStopping } = options;
  let waiting = [...moves];
  const running = new Set<PlannedMove>();
  const moved = new Set<string>();
  let ended = 0;
  const begin = async (move: PlannedMove): Promise<void> => {
    const end = await moveOne(move, options.request(move), onStart);
    running.delete(move);
    if (end.kind === 'moved') moved.add(move.vm);
    onEnd(move, end);
    ended++;
  };
  const mayBegin = (move: PlannedMove): boolean =>
    running.size < caps.perOperation &&
    move.after.every((vm) => moved.has(vm)) &&
    count(running, ({ from }) => from === move.from) < caps.perHostOut &&
    count(running, ({ to }) => to === move.to) < caps.perHostIn;
  // A bug of ours ends the workflow task, not the move: it is thrown from here.
  const faults: unknown[] = [];
  for (;;) {
    for (const move of isStopping() ? [] : waiting) {
      if (!mayBegin(move)) continue;
      waiting = waiting.filter((one) => one !== move);
      running.add(move);
      begin(move).catch((error: unknown) => faults.push(error));
    }
    if (running.size === 0) return;
    const before = ended;
    await condition(() => ended > before || faults.length > 0);
    if (faults.length > 0) throw faults[0];
  }
}

async function moveOne(
  move: PlannedMove,
  request: MigrateVmRequest,
  onStart: CarryOut['onStart'],
): Promise<MoveEnd> {
  const workflowId = `migrate-vm/${move.vm}/${new Date().toISOString()}-maintenance`;
  try {
    const child = await startChild('migrateVm', {
      workflowId,
      taskQueue,
      args: [request],
      // A move goes to its own end, whatever becomes of the maintenance.
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      staticSummary: `${move.vm} by a maintenance of ${move.from}`,
    });
    onStart(move, workflowId);
    const result = (await child.result()) as MigrateVmResult;
    if (result.outcome === 'nothingToDo') return { kind: 'gone', reason: result.message };
    const { downtimeMs } = result.figures;
    return { kind: 'moved', ...(downtimeMs === undefined ? {} : { downtimeMs }) };
  } catch (error) {
    if (!(error instanceof TemporalFailure)) throw error;
    return endOfFailure(error);
  }
}

/** What has to be said by a person, or is so wherever it goes. */
const finalTypes: readonly string[] = ['NeedsOperator', 'InvalidInput', 'UnknownHost'];

function endOfFailure(error: unknown): MoveEnd {
  const type = typeOf(error);
  const reason = `${told(error)}${type === undefined ? '' : ` [${type}]`}`;
  if (type === 'UnknownVm' || isOff(error)) return { kind: 'gone', reason };
  return { kind: 'failed', reason, isFinal: type !== undefined && finalTypes.includes(type) };
}

/** It was stopped before its move began: it needs none. */
function isOff(error: unknown): boolean {
  const { findings } = (dataOf(error) ?? {}) as { findings?: readonly { readonly code?: string }[] };
  return Array.isArray(findings) && findings.some(({ code }) => code === 'vmNotRunning');
}

function count<T>(all: Iterable<T>, is: (one: T) => boolean): number {
  let found = 0;
  for (const one of all) if (is(one)) found++;
  return found;
}
