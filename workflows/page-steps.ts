/** The steps of an operation as its page shows them: what was done, since when, how long it took, what is to come. */
import { table } from '../model/markdown.ts';
import type { LeftBehind, StepState } from './unwind.ts';

export interface PlannedStep<Name extends string> {
  readonly name: Name;
  /** What it does, in a few words. */
  readonly what: string;
  /** It is shown once it has begun, and not counted before. */
  readonly ifNeeded?: true;
}

interface Row {
  readonly sinceMs: number;
  readonly times: number;
  readonly untilMs?: number;
  readonly state: 'under way' | 'done' | 'failed';
  readonly undo?: 'being undone' | 'undone' | 'not undone';
}

export class StepLog<Name extends string> {
  readonly #plan: readonly PlannedStep<Name>[];
  readonly #rows = new Map<Name, Row>();
  #hasEnded = false;

  constructor(plan: readonly PlannedStep<Name>[]) {
    this.#plan = plan;
  }

  /** To be told what `runSteps` tells. @param nowMs by the workflow's clock */
  take({ step, phase }: StepState<Name>, nowMs: number): void {
    if (phase === 'undoing') {
      this.#close('failed', nowMs);
      const row = this.#rows.get(step);
      if (row) this.#rows.set(step, { ...row, undo: 'being undone' });
      return;
    }
    this.#close('done', nowMs);
    const times = (this.#rows.get(step)?.times ?? 0) + 1;
    this.#rows.set(step, { sinceMs: nowMs, times, state: 'under way' });
  }

  /** @param left what could not be undone */
  end(isWell: boolean, nowMs: number, left: readonly Pick<LeftBehind, 'step'>[] = []): void {
    this.#close(isWell ? 'done' : 'failed', nowMs);
    for (const { step } of left) {
      const row = this.#rows.get(step as Name);
      if (row) this.#rows.set(step as Name, { ...row, undo: 'not undone' });
    }
    this.#hasEnded = true;
  }

  /** The step that is under way: `step 3 of 5: move`; undefined before the first and after the last. */
  get place(): string | undefined {
    const shown = this.#shown();
    const at = shown.findIndex(({ name }) => this.#rows.get(name)?.state === 'under way');
    return at < 0 ? undefined : `step ${at + 1} of ${shown.length}: ${shown[at]?.name}`;
  }

  get table(): string {
    return table(
      ['step', 'what it does', 'state', 'since (UTC)', 'took'],
      this.#shown().map(({ name, what }) => {
        const row = this.#rows.get(name);
        if (!row) return [name, what, this.#hasEnded ? 'not begun' : 'to come', '', ''];
        const state = [row.state, ...(row.undo ? [row.undo] : [])].join(', ');
        const took = row.untilMs === undefined ? '' : durationText(row.untilMs - row.sinceMs);
        return [name, what, row.times > 1 ? `${state} (time ${row.times})` : state, clock(row.sinceMs), took];
      }),
    );
  }

  #shown(): PlannedStep<Name>[] {
    return this.#plan.filter(({ name, ifNeeded }) => !ifNeeded || this.#rows.has(name));
  }

  /** Whatever is under way has ended so, and whatever is being undone is undone. */
  #close(state: 'done' | 'failed', nowMs: number): void {
    for (const [name, row] of this.#rows) {
      if (row.state === 'under way') this.#rows.set(name, { ...row, state, untilMs: nowMs });
      else if (row.undo === 'being undone') this.#rows.set(name, { ...row, undo: 'undone' });
    }
  }
}

/** `1.2 s`, `3 min 20 s`, `2 h 5 min` */
export function durationText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** `2026-11-25 09:38:42 UTC` @param at ISO 8601, or milliseconds */
export function timeText(at: string | number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

function clock(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19);
}
