/** One operation that was started: await it, follow it, cancel it. */
import { setTimeout as pause } from 'node:timers/promises';
import {
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  type Client,
  type WorkflowExecutionDescription,
  type WorkflowHandle,
} from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common';
import {
  decodeFromPayloadsAtIndex,
  decodeOptionalFailureToOptionalError,
} from '@temporalio/common/lib/internal-non-workflow/index.js';
import type { AlertResolved } from '../model/alerts.ts';
import { failureMeanings, type FailureType } from '../model/failures.ts';
import type {
  FinishMaintenance,
  MaintainHostsResult,
  MaintainHostsStatus,
  MaintenanceAnswer,
} from '../model/maintain-hosts.ts';
import type { MigrateVmResult, MigrateVmStatus, MigrationProgress, Trouble } from '../model/migrate-vm.ts';
import { maintenanceUpdates, queries, searchAttributes, signals } from '../model/operations.ts';
import type { SettleVmResult, SettleVmStatus } from '../model/settle-vm.ts';
import { OperationCanceled, OperationFailed, OperationNotFound, OperationTerminated } from './errors.ts';
import { detailsOf, type OperationDetails } from './operation-details.ts';
import type { Reach } from './reach.ts';

/** What each operation answers when it does not fail. */
export interface OperationResults {
  readonly migrateVm: MigrateVmResult;
  readonly settleVm: SettleVmResult;
  readonly maintainHosts: MaintainHostsResult;
}

export type OperationStatus = MigrateVmStatus | SettleVmStatus | MaintainHostsStatus;

/** For the workers to answer an update; one that takes over from a dead one needs 10 s. */
const updateMs = 15_000;

/** What is seen of a running operation at one moment. */
export interface OperationView {
  readonly isRunning: boolean;
  readonly status?: OperationStatus;
  /** As the worker that moves the VM reported it last; newer than what the status holds. */
  readonly progress?: MigrationProgress;
  /** What keeps it waiting: an activity that failed and will be tried again, or hosts that do not answer. */
  readonly trouble?: Trouble;
}

type PendingActivity = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number];

export class Operation<R = unknown> {
  readonly workflowId: string;
  readonly #handle: WorkflowHandle;

  readonly #reach: Reach;
  readonly #client: Client;

  constructor(client: Client, reach: Reach, workflowId: string) {
    this.workflowId = workflowId;
    this.#reach = reach;
    this.#client = client;
    this.#handle = client.workflow.getHandle(workflowId);
  }

  /**
   * Waits for the end, as long as it takes.
   * @throws OperationFailed with its failure type; OperationCanceled, OperationTerminated, OperationNotFound;
   *   TemporalUnreachable, which is no end: ask again when Temporal is back
   */
  async result(): Promise<R> {
    try {
      return (await this.#reach.wait(() => this.#handle.result())) as R;
    } catch (error) {
      if (error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure)
        throw new OperationCanceled(this.workflowId, await this.#cancellation());
      throw this.#explained(error);
    }
  }

  /** Asks the operation to end; a move that is under way is aborted and the VM stays where it is. */
  async cancel(): Promise<void> {
    try {
      await this.#reach.answer(() => this.#handle.cancel());
    } catch (error) {
      throw this.#explained(error);
    }
  }

  /**
   * Tells it that the alert which asked for it is over. That is information: what it does goes on.
   * @returns whether it still runs; one that has ended is told nothing
   * @throws OperationNotFound, TemporalUnreachable
   */
  async alertResolved(notice: AlertResolved): Promise<'told' | 'ended'> {
    try {
      await this.#reach.answer(() => this.#handle.signal(signals.alertResolved, notice));
      return 'told';
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
    // Temporal says the same of one that has ended and of one that never was.
    await this.details();
    return 'ended';
  }

  /**
   * Tells a maintenance that the work is done.
   * @throws OperationFailed `InvalidInput` where it does not hold its hosts yet; OperationNotFound, WorkersSilent
   */
  finishMaintenance(request: FinishMaintenance = {}): Promise<MaintenanceAnswer> {
    return this.#tell(maintenanceUpdates.finish, request);
  }

  /** Ends a maintenance early, and answers what that means. As `finishMaintenance`. */
  cancelMaintenance(): Promise<MaintenanceAnswer> {
    return this.#tell(maintenanceUpdates.cancel, {});
  }

  async #tell(update: string, request: FinishMaintenance): Promise<MaintenanceAnswer> {
    try {
      return await this.#reach.workers(
        updateMs,
        () => this.#handle.executeUpdate<MaintenanceAnswer, [FinishMaintenance]>(update, { args: [request] }),
        () => this.#handle.describe(),
      );
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure) {
        const { type, message } = error.cause;
        throw new OperationFailed(
          this.workflowId,
          isFailureType(type) ? type : undefined,
          message,
          undefined,
        );
      }
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      // Temporal says the same of one that has ended and of one that never was.
      const { status } = await this.details();
      throw new OperationFailed(
        this.workflowId,
        'InvalidInput',
        `${this.workflowId} has ended (${status}); drover describe operation ${this.workflowId} says how`,
        undefined,
      );
    }
  }

  /** Looks at it once. @throws OperationNotFound, TemporalUnreachable */
  async look(): Promise<OperationView> {
    try {
      const description = await this.#reach.answer(() => this.#handle.describe());
      const isRunning = description.status.name === 'RUNNING';
      const [activity] = description.raw.pendingActivities ?? [];
      const { progress, lastFailure } = activity ? await this.#readActivity(activity) : {};
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

  /** What Temporal knows of it. @throws OperationNotFound, TemporalUnreachable */
  async details(): Promise<OperationDetails> {
    try {
      return await detailsOf(await this.#reach.answer(() => this.#handle.describe()));
    } catch (error) {
      throw this.#explained(error);
    }
  }

  /** Looks again and again until the operation has ended. @param everyMs default 250 */
  async *follow({ everyMs = 250 } = {}): AsyncGenerator<OperationView> {
    const first = await this.look();
    yield first;
    if (!first.isRunning) return;
    // Only the operation's end cuts a pause short: a wait that fails because Temporal was away must not end them all.
    const ended = new Promise<void>((resolve) => {
      this.#handle.result().then(
        () => resolve(),
        (error: unknown) => {
          if (error instanceof WorkflowFailedError) resolve();
        },
      );
    });
    for (;;) {
      await Promise.race([pause(everyMs), ended]);
      const view = await this.look();
      yield view;
      if (!view.isRunning) return;
    }
  }

  /** The SDK decodes nothing of what a description says of activities. */
  async #readActivity({ heartbeatDetails, lastFailure }: PendingActivity): Promise<{
    progress?: MigrationProgress | undefined;
    lastFailure?: string | undefined;
  }> {
    const { loadedDataConverter } = this.#client.options;
    const payloads = heartbeatDetails?.payloads ?? [];
    const failure = await decodeOptionalFailureToOptionalError(loadedDataConverter, lastFailure);
    if (payloads.length === 0) return { lastFailure: failure?.message };
    const progress = await decodeFromPayloadsAtIndex<MigrationProgress | undefined>(
      loadedDataConverter,
      0,
      payloads,
    );
    return { progress, lastFailure: failure?.message };
  }

  /** The status by the operation's own query; a worker has to answer it, and may be away. */
  async #status(): Promise<{ status?: OperationStatus }> {
    try {
      return {
        status: await this.#reach.answer(() => this.#handle.query<OperationStatus>(queries.progress)),
      };
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw error;
      // That Temporal answers was seen a moment ago: who is away is the worker.
      return {};
    }
  }

  /** Temporal keeps no text of a cancellation: where the VM is, the operation's search attributes say. */
  async #cancellation(): Promise<string> {
    const { typedSearchAttributes } = await this.#reach.answer(() => this.#handle.describe());
    const attributes = new Map(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
    const [vm, host] = [attributes.get(searchAttributes.vm), attributes.get(searchAttributes.host)];
    // The host is set when a move is ordered.
    if (typeof vm !== 'string' || typeof host !== 'string') return 'canceled: nothing was changed';
    return `canceled: ${vm} is on ${host}, where it was`;
  }

  #explained(error: unknown): unknown {
    if (error instanceof WorkflowNotFoundError) return new OperationNotFound(this.workflowId);
    if (!(error instanceof WorkflowFailedError)) return error;
    const failure = rootOf(error.cause);
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
