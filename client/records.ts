/** The records of VMs and hosts, as a client reads them: by their query, which a worker has to answer. */
import {
  isGrpcServiceError,
  WorkflowNotFoundError,
  type Client,
  type Connection,
  type WorkflowExecutionDescription,
} from '@temporalio/client';
import type { HostRecord } from '../model/host-record.ts';
import { hostRecordId, queries, recordWorkflows, vmRecordId } from '../model/operations.ts';
import type { VmRecord } from '../model/vm-record.ts';
import { claimOf, type Claim } from './claims.ts';
import { WorkersSilent } from './errors.ts';
import { inLanes } from './lanes.ts';
import type { Reach } from './reach.ts';

/** How long the workers may take for an answer; one that takes over from a dead one needs 10 s. */
const defaultTimeoutMs = 15_000;
/** Records that are read at a time for a list. */
const lanes = 16;

export interface ReadOptions {
  readonly timeoutMs?: number;
}

export class Records {
  readonly #client: Client;
  readonly #connection: Pick<Connection, 'withDeadline'>;
  readonly #reach: Reach;

  constructor(client: Client, connection: Pick<Connection, 'withDeadline'>, reach: Reach) {
    this.#client = client;
    this.#connection = connection;
    this.#reach = reach;
  }

  vm(name: string, options?: ReadOptions): Promise<VmRecord | undefined> {
    return this.#read<VmRecord>(vmRecordId(name), recordWorkflows.vm, options);
  }

  host(name: string, options?: ReadOptions): Promise<HostRecord | undefined> {
    return this.#read<HostRecord>(hostRecordId(name), recordWorkflows.host, options);
  }

  /** The id of the running operation that holds a VM's lease; a lease in doubt has none. */
  async holder(vm: string, options?: ReadOptions): Promise<string | undefined> {
    const lease = (await this.vm(vm, options))?.lease;
    if (lease?.state !== 'held') return undefined;
    return (await this.#running(lease.holder.workflowId)) && lease.holder.workflowId;
  }

  /** What each of these operations has of the lease of its VM, by their ids; nothing of those that have nothing. */
  async claims(
    operations: readonly { readonly workflowId: string; readonly vm?: string }[],
    options?: ReadOptions,
  ): Promise<Map<string, Claim>> {
    const vms = [...new Set(operations.flatMap(({ vm }) => vm ?? []))];
    const records = await inLanes(lanes, vms, async (vm) => await this.vm(vm, options));
    const claims = new Map<string, Claim>();
    for (const record of records)
      for (const { workflowId } of operations) {
        const claim = record && claimOf(record, workflowId);
        if (claim) claims.set(workflowId, claim);
      }
    return claims;
  }

  async #read<T>(
    workflowId: string,
    type: string,
    { timeoutMs = defaultTimeoutMs }: ReadOptions = {},
  ): Promise<T | undefined> {
    if ((await this.#running(workflowId))?.type !== type) return undefined;
    try {
      return await this.#connection.withDeadline(Date.now() + timeoutMs, () =>
        this.#client.workflow.getHandle(workflowId).query<T>(queries.record),
      );
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      if (!isGrpcServiceError(cause) || !withoutAnswer.includes(cause.code)) throw error;
      // Temporal answers: who is away are the workers.
      await this.#running(workflowId);
      throw new WorkersSilent(timeoutMs);
    }
  }

  /** Undefined: no workflow of this id runs. @throws TemporalUnreachable */
  async #running(workflowId: string): Promise<WorkflowExecutionDescription | undefined> {
    try {
      const described = await this.#reach.answer(() =>
        this.#client.workflow.getHandle(workflowId).describe(),
      );
      return described.status.name === 'RUNNING' ? described : undefined;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
  }
}

/**
 * gRPC: DEADLINE_EXCEEDED, or CANCELLED where the client's own clock was first; FAILED_PRECONDITION where no worker has
 * asked for work lately; UNAVAILABLE.
 */
const withoutAnswer: readonly number[] = [1, 4, 9, 14];
