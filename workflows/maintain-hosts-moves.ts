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

export interface MovesOptions {
  readonly caps: Caps;
  /** The input of a move's operation. */
  readonly request: (move: PlannedMove) => MigrateVmRequest;
  readonly onStart: (move: PlannedMove, workflowId: string) => void;
  readonly onEnd: (move: PlannedMove, end: MoveEnd) => void;
  /** No further move begins once it is so; those under way go to their end. */
  readonly isStopping: () => boolean;
}

/** The moves under way, over all plans of an operation: one that takes long keeps no other from being planned anew. */
export class Moves {
  readonly #options: MovesOptions;
  readonly #running = new Set<PlannedMove>();
  readonly #moved = new Set<string>();
  /** A bug of ours ends the workflow task, not the move. */
  readonly #faults: unknown[] = [];
  #waiting: readonly PlannedMove[] = [];
  #ended = 0;

  constructor(options: MovesOptions) {
    this.#options = options;
  }

  get underWay(): number {
    return this.#running.size;
  }

  /** A new plan takes the place of what has not begun of the one before; begins what may. */
  take(moves: readonly PlannedMove[]): void {
    this.#waiting = moves;
    this.#begin();
  }

  /** Whether the plan has a move of this VM that has not begun. */
  isDue(vm: string): boolean {
    return this.#waiting.some((move) => move.vm === vm);
  }

  /**
   * Returns when no move is under way any more, or `isEnough` says so.
   * @param mostMs as long at most without the end of a move; default: without a limit
   */
  async until(isEnough: () => boolean, mostMs?: number): Promise<void> {
    while (this.#running.size > 0 && !isEnough()) if (!(await this.nextEnd(isEnough, mostMs))) return;
  }

  /** Waits for the next end of a move. @returns false when there was none in that time, and `isEnough` says no */
  async nextEnd(isEnough: () => boolean, mostMs?: number): Promise<boolean> {
    const before = this.#ended;
    const hasChanged = (): boolean => this.#ended > before || this.#faults.length > 0 || isEnough();
    const inTime =
      mostMs === undefined
        ? await condition(hasChanged).then(() => true)
        : await condition(hasChanged, mostMs, { summary: 'then tells which moves still run' });
    if (this.#faults.length > 0) throw this.#faults[0];
    return inTime;
  }

  #begin(): void {
    if (this.#options.isStopping()) return;
    for (let move = this.#next(); move; move = this.#next()) {
      const begun = move;
      this.#waiting = this.#waiting.filter((one) => one !== begun);
      this.#running.add(begun);
      this.#carryOut(begun).catch((error: unknown) => this.#faults.push(error));
    }
    // What waits for a move that has failed is for the next plan.
    if (this.#running.size === 0) this.#waiting = [];
  }

  /** In the plan's order, but those first that share their hosts' bandwidth with the fewest. */
  #next(): PlannedMove | undefined {
    let next: PlannedMove | undefined;
    let fewest = Infinity;
    for (const move of this.#waiting) {
      const sharing = count(this.#running, ({ from, to }) => from === move.from || to === move.to);
      if (sharing >= fewest || !this.#mayBegin(move)) continue;
      next = move;
      fewest = sharing;
      if (sharing === 0) break;
    }
    return next;
  }

  #mayBegin({ from, to, after }: PlannedMove): boolean {
    const { perOperation, perHostOut, perHostIn } = this.#options.caps;
    return (
      this.#running.size < perOperation &&
      after.every((vm) => this.#moved.has(vm)) &&
      count(this.#running, (one) => one.from === from) < perHostOut &&
      count(this.#running, (one) => one.to === to) < perHostIn
    );
  }

  async #carryOut(move: PlannedMove): Promise<void> {
    const { request, onStart, onEnd } = this.#options;
    const end = await moveOne(move, request(move), onStart);
    this.#running.delete(move);
    if (end.kind === 'moved') this.#moved.add(move.vm);
    onEnd(move, end);
    this.#ended++;
    this.#begin();
  }
}

async function moveOne(
  move: PlannedMove,
  request: MigrateVmRequest,
  onStart: MovesOptions['onStart'],
): Promise<MoveEnd> {
  const workflowId = `migrate-vm/${move.vm}/${new Date().toISOString()}-maintenance`;
  onStart(move, workflowId);
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
