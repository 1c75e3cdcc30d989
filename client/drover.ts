/**
 * Drover as a library: start operations, await them, follow them, cancel them, and ask what runs where.
 *
 *     await using drover = await Drover.connect(readSettings('drover.yaml'));
 *     const operation = await drover.start('migrateVm', { vm: 'web1', to: 'host2' });
 *     const result = await operation.result();
 */
import {
  Client,
  Connection,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
} from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import type { z } from 'zod';
import type { Coverage } from '../model/coverage.ts';
import type { DoctorReport, DoctorRequest } from '../model/doctor.ts';
import type { HostRecord } from '../model/host-record.ts';
import type { Inventory, InventoryHost, InventoryPages, InventoryPart } from '../model/inventory.ts';
import {
  internalWorkflows,
  operationInputs,
  recordWorkflows,
  searchAttributes,
  taskQueue,
  vmRecordId,
  type OperationName,
} from '../model/operations.ts';
import type { VmRecord } from '../model/vm-record.ts';
import type { Settings } from '../settings/schema.ts';
import { dataConverterOf } from '../settings/data-converter.ts';
import { temporalTarget, type TemporalTarget } from '../settings/temporal.ts';
import { byProgram } from './asked-by.ts';
import { ClosableCalls } from './closable-calls.ts';
import { closedHosts } from './closed-hosts.ts';
import { connectionTrouble } from './connection-trouble.ts';
import { TemporalUnreachable, WorkersSilent } from './errors.ts';
import { examine, type ExamineOptions } from './examine.ts';
import { compareNaturally } from './natural-order.ts';
import { isDryRun, operationId } from './operation-ids.ts';
import { Operation, type OperationResults } from './operation.ts';
import { Reach } from './reach.ts';
import type { Claim } from './claims.ts';
import { Records, type ReadOptions } from './records.ts';
import { staticTexts } from './static-texts.ts';
import { standingOf, type Standing } from './standing.ts';

/** How an operation is started, beside its input. */
export interface StartOptions {
  /** Default: made of the operation, its target and the time. */
  readonly workflowId?: string;
  /** One line for lists: who or what asked. Default: what is asked for. */
  readonly summary?: string;
  /** Who or what asked, for its page: `byCommandLine()`, `byAlert(labels)`. Default: this program. */
  readonly askedBy?: string;
  /**
   * `join`: an operation that has this id, running or ended, is taken as the one that was asked for.
   * `refuse` (default): that is an error.
   */
  readonly whenKnown?: 'join' | 'refuse';
}

/** One line of a list of operations. */
export interface OperationSummary {
  readonly workflowId: string;
  readonly type: string;
  /** Temporal's status: RUNNING, COMPLETED, FAILED, CANCELLED, TERMINATED, TIMED_OUT. */
  readonly status: string;
  readonly vm?: string;
  readonly host?: string;
  readonly state?: string;
  readonly startedAt: string;
  readonly endedAt?: string;
}

export class Drover implements AsyncDisposable {
  readonly target: TemporalTarget;
  readonly #connection: Connection;
  readonly #calls: ClosableCalls;
  readonly #client: Client;
  readonly #reach: Reach;
  readonly #records: Records;
  #listings = 0;

  private constructor(
    target: TemporalTarget,
    connection: Connection,
    calls: ClosableCalls,
    dataConverter: DataConverter,
    timeoutMs: number,
  ) {
    this.target = target;
    this.#connection = connection;
    this.#calls = calls;
    this.#reach = new Reach(target, connection, timeoutMs);
    this.#client = new Client({ connection, namespace: target.namespace, dataConverter });
    this.#records = new Records(this.#client, connection, this.#reach);
  }

  /**
   * @param settings says which Temporal server; the hosts are never asked from here
   * @param timeoutMs how long Temporal may take for each answer, the first included; default 5,000
   * @throws TemporalUnreachable when it does not answer; TemporalConfigError for a key of the codec that can't be read
   */
  static async connect(settings: Pick<Settings, 'temporal'>, { timeoutMs = 5000 } = {}): Promise<Drover> {
    const target = temporalTarget(settings);
    const dataConverter = dataConverterOf(settings);
    try {
      const calls = new ClosableCalls();
      const connection = await Connection.connect({
        ...target.connectConfig,
        connectTimeout: timeoutMs,
        // gRPC would look again later and later, up to every two minutes, for a Temporal that is back.
        channelArgs: { 'grpc.max_reconnect_backoff_ms': 2000 },
        interceptors: calls.interceptors(),
      });
      return new Drover(target, connection, calls, dataConverter, timeoutMs);
    } catch (error) {
      throw new TemporalUnreachable(target, error, await connectionTrouble(target, error));
    }
  }

  /**
   * Starts an operation; when this returns, the start is durable.
   * @throws WorkflowExecutionAlreadyStartedError for an id that is known, unless it is to be joined
   */
  async start<N extends OperationName>(
    name: N,
    input: z.input<(typeof operationInputs)[N]>,
    options: StartOptions = {},
  ): Promise<Operation<OperationResults[N]> & { readonly isNew: boolean }> {
    const workflowId = options.workflowId ?? operationId(name, input ?? {}, new Date());
    const join = options.whenKnown === 'join';
    const { askedBy = byProgram() } = options;
    try {
      await this.#reach.answer(() =>
        this.#client.workflow.start(name, {
          workflowId,
          taskQueue,
          args: [input],
          workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
          workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
          ...staticTexts({ name, workflowId, input, askedBy, summary: options.summary }),
        }),
      );
    } catch (error) {
      if (!(join && error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      return Object.assign(this.operation<OperationResults[N]>(workflowId), { isNew: false });
    }
    return Object.assign(this.operation<OperationResults[N]>(workflowId), { isNew: true });
  }

  /** An operation that was started before, by its workflow id. */
  operation<R = unknown>(workflowId: string): Operation<R> {
    return new Operation<R>(this.#client, this.#reach, workflowId);
  }

  /**
   * The operation that acts on a VM now; undefined when none does, also where the lease is in doubt.
   * @throws WorkersSilent, TemporalUnreachable
   */
  async holderOf(vm: string, options?: ReadOptions): Promise<Operation | undefined> {
    const workflowId = await this.#records.holder(vm, options);
    return workflowId === undefined ? undefined : this.operation(workflowId);
  }

  /**
   * What is remembered of a VM: who may act on it, who waits, where it was seen; undefined where it has no record.
   * @param options `timeoutMs`: how long the workers may take; default 15,000
   * @throws WorkersSilent, TemporalUnreachable
   */
  vmRecord(name: string, options?: ReadOptions): Promise<VmRecord | undefined> {
    return this.#records.vm(name, options);
  }

  /** What is remembered of a host: its state, and what is held there for operations. As `vmRecord`. */
  hostRecord(name: string, options?: ReadOptions): Promise<HostRecord | undefined> {
    return this.#records.host(name, options);
  }

  /**
   * What running operations have of the leases of their VMs, by their ids.
   * @throws WorkersSilent, TemporalUnreachable
   */
  claims(operations: readonly OperationSummary[], options?: ReadOptions): Promise<Map<string, Claim>> {
    return this.#records.claims(operations, options);
  }

  /**
   * Operations, newest first by their start; the running ones and those that ended last, where there are more than
   * `limit`. Lists lag a moment behind what happens.
   * @param dryRuns those too that only looked; default false
   * @param where those alone of which this is true; default: all
   * @throws TemporalUnreachable
   */
  async operations({
    running = false,
    dryRuns = false,
    vm,
    limit = 50,
    where = () => true,
  }: {
    running?: boolean;
    dryRuns?: boolean;
    vm?: string;
    limit?: number;
    where?: (one: OperationSummary) => boolean;
  } = {}): Promise<OperationSummary[]> {
    const types = Object.keys(operationInputs).map((name) => `'${name}'`);
    const query = [
      `WorkflowType IN (${types.join(', ')})`,
      ...(running ? [`ExecutionStatus = 'Running'`] : []),
      ...(vm === undefined ? [] : [`${searchAttributes.vm} = '${vm.replaceAll(/['\\]/g, '')}'`]),
    ].join(' AND ');
    const found = await this.#reach.answer(() =>
      this.#summaries(query, limit, (one) => (dryRuns || !isDryRun(one)) && where(one)),
    );
    return found.toSorted((a, b) => b.startedAt.localeCompare(a.startedAt));
  }

  /**
   * Names of the VMs that have a record and were seen on a host, by Temporal alone and so at once: a VM has one from its
   * first survey on, and keeps it when it is gone. A name that somebody mistyped has one too, and was never seen.
   * @param limit default 5,000
   * @throws TemporalUnreachable
   */
  async vmNames({ limit = 5000 } = {}): Promise<string[]> {
    const query = `WorkflowType = '${recordWorkflows.vm}' AND ExecutionStatus = 'Running' AND ${searchAttributes.host} IS NOT NULL`;
    const ids = await this.#reach.answer(async () => {
      const found: string[] = [];
      for await (const { workflowId } of this.#client.workflow.list({ query, pageSize: 1000 })) {
        found.push(workflowId);
        if (found.length >= limit) break;
      }
      return found;
    });
    return ids.map((id) => id.slice(vmRecordId('').length)).toSorted(compareNaturally);
  }

  async #summaries(
    query: string,
    limit: number,
    isWanted: (one: OperationSummary) => boolean,
  ): Promise<OperationSummary[]> {
    const found: OperationSummary[] = [];
    for await (const {
      workflowId,
      type,
      status,
      startTime,
      closeTime,
      typedSearchAttributes,
    } of this.#client.workflow.list({ query, pageSize: limit })) {
      const attributes = new Map(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
      const text = (name: string): string | undefined => attributes.get(name)?.toString();
      const [ofVm, host] = [text(searchAttributes.vm), text(searchAttributes.host)];
      const state = text(searchAttributes.state);
      const one = {
        workflowId,
        type,
        status: status.name,
        ...(ofVm === undefined ? {} : { vm: ofVm }),
        ...(host === undefined ? {} : { host }),
        ...(state === undefined ? {} : { state }),
        startedAt: startTime.toISOString(),
        ...(closeTime ? { endedAt: closeTime.toISOString() } : {}),
      };
      if (isWanted(one)) found.push(one);
      if (found.length >= limit) break;
    }
    return found;
  }

  /**
   * What runs where, asked of every host through the workers; the hosts of a datacenter by name. A large herd comes
   * in several answers, all of one look as a rule.
   * @throws WorkersSilent when no worker takes the question within `timeoutMs` (default 30,000)
   */
  async inventory({ timeoutMs = 30_000 } = {}): Promise<Inventory> {
    const deadline = Date.now() + timeoutMs;
    const hosts: InventoryHost[] = [];
    for (let wanted: readonly InventoryPart[] | undefined; wanted === undefined || wanted.length > 0;) {
      const page: InventoryPages = await this.#list(wanted, deadline, timeoutMs);
      hosts.push(...page.hosts);
      wanted = page.more;
    }
    const closed = await this.#reach.answer(() => closedHosts(this.#client));
    return {
      hosts: hosts
        .map((host) => {
          const state = closed.get(host.name);
          return state === undefined ? host : { ...host, closed: state };
        })
        .toSorted(byDatacenterAndName),
    };
  }

  #list(
    wanted: readonly InventoryPart[] | undefined,
    deadline: number,
    timeoutMs: number,
  ): Promise<InventoryPages> {
    return this.#ask<InventoryPages>(internalWorkflows.listInventory, wanted ? [wanted] : [], {
      deadline,
      timeoutMs,
    });
  }

  /**
   * How many host failures each cluster has room for, and what one more would leave without a place.
   * @throws WorkersSilent when no worker takes the question within `timeoutMs` (default 30,000)
   */
  coverage({ timeoutMs = 30_000 } = {}): Promise<readonly Coverage[]> {
    const deadline = Date.now() + timeoutMs;
    return this.#ask<readonly Coverage[]>(internalWorkflows.readCoverage, [], { deadline, timeoutMs });
  }

  /** A question to the workers, by a workflow that only looks. */
  async #ask<Answer>(
    name: string,
    args: readonly unknown[],
    { deadline, timeoutMs }: { readonly deadline: number; readonly timeoutMs: number },
  ): Promise<Answer> {
    const kind = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const handle = await this.#reach.answer(() =>
      this.#client.workflow.start(name, {
        workflowId: `${kind}/${new Date().toISOString()}-${process.pid}-${++this.#listings}`,
        taskQueue,
        args: [...args],
        workflowExecutionTimeout: Math.max(1, deadline - Date.now()),
      }),
    );
    try {
      return (await this.#reach.wait(() => handle.result())) as Answer;
    } catch (error) {
      if (error instanceof TemporalUnreachable) throw error;
      const { status } = await this.#reach.answer(() => handle.describe());
      if (status.name === 'TIMED_OUT') throw new WorkersSilent(timeoutMs);
      throw error;
    }
  }

  /**
   * Has the workers examine hosts, Temporal and themselves, by the workflow `doctor`.
   * @throws WorkersSilent, OperationFailed (`UnknownHost`, `InvalidInput`), TemporalUnreachable
   */
  examine(request: DoctorRequest = {}, options?: ExamineOptions): Promise<DoctorReport> {
    return examine({ client: this.#client, reach: this.#reach }, request, options);
  }

  /** How many operations run, and VMs and hosts there are and how they stand. @throws TemporalUnreachable */
  async standing(): Promise<Standing> {
    return await this.#reach.answer(() => standingOf(this.#client));
  }

  /** Asks Temporal for a sign of life. @throws TemporalUnreachable */
  async ping(): Promise<void> {
    await this.#reach.answer(() => this.#connection.workflowService.getSystemInfo({}));
  }

  /** What still waits for an answer gets none, or fails. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#calls.close();
    await this.#connection.close();
  }
}

function byDatacenterAndName(a: InventoryHost, b: InventoryHost): number {
  return compareNaturally(a.datacenter, b.datacenter) || compareNaturally(a.name, b.name);
}
