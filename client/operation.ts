/** One operation that was started: await it, follow it, cancel it. */
import { setTimeout as pause } from 'node:timers/promises';
import {
  WorkflowFailedError,
  WorkflowNotFoundError,
  type Client,
  type WorkflowHandle,
} from '@temporalio/client';
import {
  ApplicationFailure,
  CancelledFailure,
  TerminatedFailure,
  defaultPayloadConverter,
} from '@temporalio/common';
import { failureMeanings, type FailureType } from '../model/failures.ts';
import type { MigrateVmResult, MigrateVmStatus, MigrationProgress, Trouble } from '../model/migrate-vm.ts';
import { queries } from '../model/operations.ts';
import { OperationCanceled, OperationFailed, OperationNotFound, OperationTerminated } from './errors.ts';

/** What each operation answers when it does not fail. */
export interface OperationResults {
  readonly migrateVm: MigrateVmResult;
}

/** What is seen of a running operation at one moment. */
export interface OperationView {
  readonly isRunning: boolean;
  readonly status?: MigrateVmStatus;
  /** As the worker that moves the VM reported it last; newer than what the status holds. */
  readonly progress?: MigrationProgress;
  /** What keeps it waiting: an activity that failed and will be tried again, or hosts that do not answer. */
  readonly trouble?: Trouble;
}

export class Operation<R = unknown> {
  readonly workflowId: string;
  readonly #handle: WorkflowHandle;

  constructor(client: Client, workflowId: string) {
    this.workflowId = workflowId;
    this.#handle = client.workflow.getHandle(workflowId);
  }

  /**
   * Waits for the end.
   * @throws OperationFailed with its failure type; OperationCanceled, OperationTerminated, OperationNotFound
   */
  async result(): Promise<R> {
    try {
      return (await this.#handle.result()) as R;
    } catch (error) {
      throw this.#explained(error);
    }
  }

  /** Asks the operation to end; a move that is under way is aborted and the VM stays where it is. */
  async cancel(): Promise<void> {
    try {
      await this.#handle.cancel();
    } catch (error) {
      throw this.#explained(error);
    }
  }

  /** Looks at it once. @throws OperationNotFound */
  async look(): Promise<OperationView> {
    try {
      const description = await this.#handle.describe();
      const isRunning = description.status.name === 'RUNNING';
      const [activity] = description.raw.pendingActivities ?? [];
      const heartbeat = activity?.heartbeatDetails?.payloads?.[0];
      const progress = heartbeat
        ? defaultPayloadConverter.fromPayload<MigrationProgress | undefined>(heartbeat)
        : undefined;
      const lastFailure = activity?.lastFailure?.message;
      const { status } = isRunning ? await this.#status() : {};
      const trouble = lastFailure
        ? { message: lastFailure, attempt: activity?.attempt ?? 1 }
        : status?.trouble;
      return {
        isRunning,
        ...(status ? { status } : {}),
        ...(progress ? { progress } : {}),
        ...(trouble ? { trouble } : {}),
      };
    } catch (error) {
      throw this.#explained(error);
    }
  }

  /** Looks again and again until the operation has ended. @param everyMs default 250 */
  async *follow({ everyMs = 250 } = {}): AsyncGenerator<OperationView> {
    const first = await this.look();
    yield first;
    if (!first.isRunning) return;
    const ended = this.#handle.result().then(
      () => undefined,
      () => undefined,
    );
    for (;;) {
      await Promise.race([pause(everyMs), ended]);
      const view = await this.look();
      yield view;
      if (!view.isRunning) return;
    }
  }

  /** The status by the operation's own query; a worker has to answer it, and may be away. */
  async #status(): Promise<{ status?: MigrateVmStatus }> {
    try {
      return { status: await this.#handle.query<MigrateVmStatus>(queries.progress) };
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw error;
      return {};
    }
  }

  #explained(error: unknown): unknown {
    if (error instanceof WorkflowNotFoundError) return new OperationNotFound(this.workflowId);
    if (!(error instanceof WorkflowFailedError)) return error;
    const failure = rootOf(error.cause);
    if (error.cause instanceof CancelledFailure)
      return new OperationCanceled(this.workflowId, error.cause.message);
    if (error.cause instanceof TerminatedFailure) return new OperationTerminated(this.workflowId);
    if (failure instanceof ApplicationFailure) {
      return new OperationFailed(
        this.workflowId,
        isFailureType(failure.type) ? failure.type : undefined,
        failure.message,
        failure.details?.[0],
      );
    }
    return new OperationFailed(this.workflowId, undefined, failure?.message ?? error.message, undefined);
  }
}

/** What a foreign activity or an older worker calls a failure is none of the closed list. */
function isFailureType(type: string | null | undefined): type is FailureType {
  return typeof type === 'string' && Object.hasOwn(failureMeanings, type);
}

/** The failure at the bottom: an activity's own, where the workflow passed it on. */
function rootOf(failure: Error | undefined): Error | undefined {
  let at = failure;
  while (at?.cause instanceof Error && !(at instanceof ApplicationFailure && at.nonRetryable)) at = at.cause;
  return at;
}
