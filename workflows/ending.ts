/** How an operation has ended that failed or was canceled: in words, and as lists and records show it. */
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  isCancellation,
} from '@temporalio/workflow';
import { messageOfFailure } from './within-budget.ts';

/** What an activity or a child workflow said itself, where it said something; else the failure as it is. */
export function ownFailure(error: unknown): unknown {
  const isAnothers = error instanceof ActivityFailure || error instanceof ChildWorkflowFailure;
  return isAnothers ? (error.cause ?? error) : error;
}

/** In a line. What a workflow or an activity says in words of its own needs no look below. */
export function told(error: unknown): string {
  const own = ownFailure(error);
  const isInWords = own instanceof ApplicationFailure || own instanceof CancelledFailure;
  return isInWords ? own.message : messageOfFailure(own);
}

/** The name of the closed list, or another; undefined where it has none. */
export function typeOf(error: unknown): string | undefined {
  const own = ownFailure(error);
  return own instanceof ApplicationFailure ? (own.type ?? undefined) : undefined;
}

/** What a failure carries as data. */
export function dataOf(error: unknown): unknown {
  const own = ownFailure(error);
  return own instanceof ApplicationFailure ? own.details?.[0] : undefined;
}

/**
 * The search attributes of an operation that did not end well.
 * @param isInDoubt it leaves the lease of its VM in doubt, which a canceled one may do as well. Default: false
 */
export function standingOf(
  error: unknown,
  isInDoubt = false,
): {
  readonly state: 'canceled' | 'needsOperator' | 'failed';
  readonly needsOperator: boolean;
} {
  const needsOperator = isInDoubt || typeOf(error) === 'NeedsOperator';
  if (isCancellation(error)) return { state: 'canceled', needsOperator };
  return { state: needsOperator ? 'needsOperator' : 'failed', needsOperator };
}
