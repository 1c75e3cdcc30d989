/** One question to a record: an update that starts the record where there is none yet. */
import { setTimeout as pause } from 'node:timers/promises';
import {
  ServiceError,
  WithStartWorkflowOperation,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  isGrpcServiceError,
  type Client,
} from '@temporalio/client';
import { ApplicationFailure, type Workflow } from '@temporalio/common';
import { taskQueue } from '../../model/operations.ts';

export interface Question {
  readonly workflowType: string;
  readonly workflowId: string;
  /** With which the record begins. */
  readonly input: unknown;
  readonly update: string;
  /** One id is one question, however often it is sent: of one run of the record it has one answer. */
  readonly updateId: string;
  readonly request: unknown;
}

/** A record is away for moments only, while it continues as new. */
const patienceMs = 20_000;
const firstPauseMs = 50;
const mostPauseMs = 1000;

/**
 * gRPC's codes of what passes by itself: too many updates at once, and a record that continues as new meanwhile or can't
 * yet, because something came in (`unexpected workflow task failure`).
 */
const passing = new Set([
  /* NOT_FOUND */ 5, /* RESOURCE_EXHAUSTED */ 8, /* FAILED_PRECONDITION */ 9, /* ABORTED */ 10,
]);

/**
 * Asks until there is an answer, for 20 s at most beyond the tries of Temporal's client.
 * @throws ApplicationFailure `InvalidInput` when the request has not its shape; Temporal's own errors otherwise
 */
export async function askRecord<Answer>(client: Client, question: Question): Promise<Answer> {
  const deadline = performance.now() + patienceMs;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(mostPauseMs, 2 * pauseMs)) {
    try {
      return await askOnce<Answer>(client, question);
    } catch (error) {
      if (!isPassing(error) || performance.now() > deadline) {
        throw error instanceof WorkflowUpdateFailedError ? error.cause : error;
      }
    }
    await pause(pauseMs);
  }
}

function askOnce<Answer>(client: Client, question: Question): Promise<Answer> {
  const { workflowType, workflowId, input, update, updateId, request } = question;
  return client.workflow.executeUpdateWithStart<Workflow, Answer, [unknown]>(update, {
    args: [request],
    updateId,
    startWorkflowOperation: new WithStartWorkflowOperation(workflowType, {
      workflowId,
      taskQueue,
      args: [input],
      workflowIdConflictPolicy: 'USE_EXISTING',
      // A worker that dies with the record in its memory is waited for so long, and no other is asked meanwhile.
      workflowTaskTimeout: '2s',
    }),
  });
}

function isPassing(error: unknown): boolean {
  if (error instanceof WorkflowNotFoundError) return true;
  if (error instanceof WorkflowUpdateFailedError) {
    const { cause } = error;
    return cause instanceof ApplicationFailure && cause.type === 'AcceptedUpdateCompletedWorkflow';
  }
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) && passing.has(cause.code);
}
