/** What becomes of the steps of an operation that failed: each is undone, the last first, and what is left is told. */
import { ApplicationFailure, isCancellation } from '@temporalio/workflow';
import { TemporalFailure } from '@temporalio/common';
import { permanent } from '../model/failures.ts';
import { dataOf, ownFailure, told } from './ending.ts';
import { growingPausesMs } from './growing-pauses.ts';

/** The step that is under way, or that is being undone. */
export interface StepState<Name extends string = string> {
  readonly step: Name;
  readonly phase: 'doing' | 'undoing';
  /** Why its undo has to be tried again, and how often it was tried. */
  readonly trouble?: { readonly message: string; readonly attempt: number };
}

/** A step that could not be undone. */
export interface LeftBehind {
  readonly step: string;
  /** What its undo met. */
  readonly message: string;
  /** A sentence: what a person does about it. */
  readonly byHand: string;
}

/** What an undo may have to know. */
export interface Unwinding<T> {
  /** The failure, or the cancellation, that began it. */
  readonly why: TemporalFailure;
  /** What the step answered; undefined where it did not, which does not mean that it did not happen. */
  readonly done: T | undefined;
  /** Steps after this one that could not be undone: while there are any, nobody else may act on what they changed. */
  readonly left: readonly LeftBehind[];
}

export interface Undo<Name extends string = string> {
  readonly name: Name;
  readonly undo: (unwinding: Omit<Unwinding<never>, 'done'>) => Promise<unknown>;
  readonly byHand?: string;
}

/** The world outside of an unwinding. */
interface Around<Name extends string> {
  readonly pause: (ms: number, name: Name) => Promise<void>;
  readonly onStep: (state: StepState<Name>) => void;
}

// The activities of an undo have retries of their own; these follow where even those came to an end.
const pauses = { firstMs: 1000, mostMs: 60_000 };

/**
 * Undoes what began, the last first. Passing faults are met by another try, without end; a permanent one leaves that
 * step as it is, and the others are undone.
 * @throws whatever is no failure of Temporal's, as it is: a bug
 */
export async function unwind<Name extends string>(
  begun: readonly Undo<Name>[],
  why: TemporalFailure,
  { pause, onStep }: Around<Name>,
): Promise<readonly LeftBehind[]> {
  const left: LeftBehind[] = [];
  for (const { name, undo, byHand = 'Look at it and undo it.' } of begun.toReversed()) {
    const pausesMs = growingPausesMs(pauses);
    onStep({ step: name, phase: 'undoing' });
    for (let attempt = 1; ; attempt++) {
      try {
        await undo({ why, left: [...left] });
        break;
      } catch (error) {
        if (!(error instanceof TemporalFailure)) throw error;
        const message = told(error);
        if (isPermanent(error)) {
          left.push({ step: name, message, byHand });
          break;
        }
        onStep({ step: name, phase: 'undoing', trouble: { message, attempt } });
        await pause(pausesMs.next().value, name);
      }
    }
  }
  return left;
}

/** How an operation ends that met a failure and was unwound: in that failure, or for an operator to see to the rest. */
export function failureAfter(why: TemporalFailure, left: readonly LeftBehind[]): TemporalFailure {
  if (left.length === 0) return why;
  const what = left
    .map(({ step, message, byHand }) => `${step} (its undo ended in: ${message}). ${byHand}`)
    .join(' ');
  return ApplicationFailure.create({
    ...permanent(
      'NeedsOperator',
      `${isCancellation(why) ? 'The operation was canceled' : `The operation failed (${told(why)})`} and was undone, ` +
        `but for ${left.length === 1 ? 'one step' : `${left.length} steps`}: ${what} Then start it again.`,
      { left },
    ),
    cause: why,
  });
}

/** What the failure of an operation says could not be undone; nothing where all was. */
export function leftOf(failure: unknown): readonly Pick<LeftBehind, 'step'>[] {
  const { left } = (dataOf(failure) ?? {}) as { left?: unknown };
  return Array.isArray(left) ? (left as readonly Pick<LeftBehind, 'step'>[]) : [];
}

function isPermanent(failure: TemporalFailure): boolean {
  const own = ownFailure(failure);
  return own instanceof ApplicationFailure && own.nonRetryable === true;
}
