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

/** The search attributes of an operation that did not end well. */
export function standingOf(error: unknown): {
  readonly state: 'canceled' | 'needsOperator' | 'failed';
  readonly needsOperator: boolean;
} {
  if (isCancellation(error)) return { state: 'canceled', needsOperator: false };
  const needsOperator = typeOf(error) === 'NeedsOperator';
  return { state: needsOperator ? 'needsOperator' : 'failed', needsOperator };
}
