/** The records as workflows of Temporal. */
import { randomUUID } from 'node:crypto';
import { QueryRejectedError, WorkflowClient, type Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import type {
  HostRecord,
  ReserveAnswer,
  SetHostStateAnswer,
  TakeSlotAnswer,
} from '../../model/host-record.ts';
import { hostRecordId, queries, recordUpdates, recordWorkflows, vmRecordId } from '../../model/operations.ts';
import type { AcquireVm, AcquireVmAnswer, ConfirmAnswer, VmRecord } from '../../model/vm-record.ts';
import { askRecord, type Question } from './ask-record.ts';
import { isRunning } from './is-running.ts';
import type { Records } from './record-activities.ts';

export interface RecordsOptions {
  /**
   * Names the activity that acquires or closes, whichever of its attempts that is: one that wakes late then does neither
   * for an operation that has ended since. Default: every call is another question.
   */
  readonly asker?: string;
  /**
   * Once it is raised, a question that has no answer yet fails: a worker that stops would else wait for records that
   * perhaps none but itself could answer for. Default: never.
   */
  readonly detached?: AbortSignal;
}

/**
 * Every call but `acquire` and `setHostState` is a question of its own, which may be sent several times and is answered once. It is not
 * one with that of an earlier attempt: Temporal would answer a stale attempt that asks again as it did when that was the
 * latest. The records themselves see to it that a repeated question changes nothing.
 */
export function temporalRecords(client: Client, { asker, detached }: RecordsOptions = {}): Records {
  const ask = <Answer>(question: Question): Promise<Answer> => {
    const answer = (): Promise<Answer> => askRecord<Answer>(client, question);
    return detached ? client.withAbortSignal(detached, answer) : answer();
  };
  const askVm = <Answer>(
    update: string,
    request: { readonly vm: string },
    updateId: string = randomUUID(),
  ): Promise<Answer> =>
    ask<Answer>({
      workflowType: recordWorkflows.vm,
      workflowId: vmRecordId(request.vm),
      input: { vm: request.vm },
      update,
      updateId,
      request,
    });
  const askHost = <Answer>(
    update: string,
    request: { readonly host: string },
    updateId: string = randomUUID(),
  ): Promise<Answer> =>
    ask<Answer>({
      workflowType: recordWorkflows.host,
      workflowId: hostRecordId(request.host),
      input: { host: request.host },
      update,
      updateId,
      request,
    });
  const acquireOnce = (request: AcquireVm): Promise<AcquireVmAnswer> => {
    const { claimant, takeOver } = request;
    const parts = [claimant.workflowId, recordUpdates.acquire, asker ?? randomUUID(), takeOver ?? 'anew'];
    return askVm(recordUpdates.acquire, request, parts.join(' '));
  };
  return {
    acquire: async (request) => {
      const answer = await acquireOnce(request);
      if (answer.kind === 'granted' || answer.holder.state === 'inDoubt') return answer;
      const { holder, epoch } = answer.holder;
      if (await isRunning(client, holder.workflowId)) return answer;
      return await acquireOnce({ ...request, takeOver: epoch });
    },
    confirm: (request) => askVm<ConfirmAnswer>(recordUpdates.confirm, request),
    release: (request) => askVm(recordUpdates.release, request),
    see: (request) => askVm(recordUpdates.see, request),
    reserve: (request) => askHost<ReserveAnswer>(recordUpdates.reserve, request),
    takeSlot: (request) => askHost<TakeSlotAnswer>(recordUpdates.takeSlot, request),
    letGo: (request) => askHost(recordUpdates.letGo, request),
    setHostState: async (request) => {
      // An attempt that wakes late closes nothing for an operation that has opened its hosts since.
      const set = (takeOver?: string): Promise<SetHostStateAnswer> =>
        askHost<SetHostStateAnswer>(
          recordUpdates.setState,
          { ...request, ...(takeOver === undefined ? {} : { takeOver }) },
          [request.by.workflowId, recordUpdates.setState, asker ?? randomUUID(), takeOver ?? 'anew'].join(
            ' ',
          ),
        );
      const answer = await set();
      if (answer.kind === 'set' || (await isRunning(client, answer.by.workflowId))) return answer;
      return await set(answer.by.workflowId);
    },
    readVm: (vm) => read<VmRecord>(client, vmRecordId(vm)),
    readHost: (host) => read<HostRecord>(client, hostRecordId(host)),
  };
}

/** Undefined where no such record runs; one that was terminated knows nothing any more. */
async function read<State>(client: Client, workflowId: string): Promise<State | undefined> {
  const { connection } = client;
  const { namespace, loadedDataConverter } = client.options;
  const open = new WorkflowClient({
    connection,
    namespace,
    dataConverter: loadedDataConverter,
    queryRejectCondition: 'NOT_OPEN',
  });
  try {
    return await open.getHandle(workflowId).query<State>(queries.record);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError || error instanceof QueryRejectedError) return undefined;
    throw error;
  }
}
