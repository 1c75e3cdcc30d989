/**
 * What every record is: a workflow that remembers, decides one request after another, tells those whose turn has come,
 * finds out by itself when an operation has ended without letting go, and continues as new before its history is long.
 *
 * What it decides is a pure function of its kind (`policies/`); here is only what makes that durable. Its handlers are
 * synchronous, since a record takes ten updates at a time. A request may come again after a continue-as-new under the
 * same update id, and is then decided anew: so every decision must stay the same when it is repeated.
 */
import {
  ApplicationFailure,
  CancellationScope,
  ParentClosePolicy,
  allHandlersFinished,
  condition,
  defineQuery,
  defineUpdate,
  getExternalWorkflowHandle,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  startChild,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { TemporalFailure, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { RecordActivities } from '../../activities/records/record-activities.ts';
import { permanent } from '../../model/failures.ts';
import { queries, taskQueue } from '../../model/operations.ts';
import { budgets } from '../budgets.ts';
import { growingPausesMs } from '../growing-pauses.ts';
import { linkTo } from '../page.ts';
import { searchAttributesOf } from '../search-attributes.ts';
import { problemOfShape, type Shape } from './request-shape.ts';

/** A signal to an operation. */
export interface Tell {
  readonly workflowId: string;
  readonly signal: string;
  readonly payload: unknown;
}

/** A workflow to be started; where one of this id runs already, it does the work. */
export interface Start {
  readonly workflowType: string;
  readonly workflowId: string;
  readonly input: unknown;
}

/** The record after a request, what the asker is answered, and what else follows. */
export interface Decided<State, Answer = unknown> {
  readonly record: State;
  readonly answer: Answer;
  readonly tells?: readonly Tell[];
  readonly starts?: readonly Start[];
}

/** A request that the record takes. */
export interface RecordUpdate<State> {
  readonly description: string;
  readonly shape: Shape;
  readonly decide: (record: State, request: never, now: string) => Decided<State>;
}

/** An operation that holds something; `since` tells a later holding of the same operation from this one. */
export interface Holding {
  readonly workflowId: string;
  readonly since: string;
}

export interface RecordKind<State> {
  /** The key under which each request names the record's subject: `vm`. Also its `DroverKind`. */
  readonly kind: 'vm' | 'host';
  /** By their names on the wire: `recordUpdates`. */
  readonly updates: Readonly<Record<string, RecordUpdate<State>>>;
  /** Operations of which the record finds out by itself that they have ended. */
  readonly holdings: (record: State) => readonly Holding[];
  /** An operation has ended without letting go, or can't be told anything any more. */
  readonly ended: (record: State, workflowId: string, now: string) => Decided<State, undefined>;
  /** What the Temporal UI's list shows. */
  readonly listed: (record: State) => Parameters<typeof searchAttributesOf>[0];
  /** Its page in the Temporal UI, in markdown. */
  readonly page: (record: State) => string;
}

export interface RecordRun<State> {
  /** Of the VM or the host. */
  readonly name: string;
  readonly record: State;
  /** Continues as new with the record as it is then. */
  readonly continueWith: (record: State) => Promise<never>;
  /** Continue as new once the history has so many events; tests want few. Default: 1,000, or when Temporal suggests it. */
  readonly mostEvents?: number;
}

/** Runs a record until it continues as new. A request to cancel it is not heard: a record stays. */
export function runRecord<State>(kind: RecordKind<State>, run: RecordRun<State>): Promise<never> {
  return CancellationScope.nonCancellable(() => new RecordLoop(kind, run).run());
}

/** A record that is in no worker's memory is replayed for each question: Temporal suggests the end at four times that. */
const longHistory = 1000;

const { isRunning } = proxyActivities<RecordActivities>({
  taskQueue,
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: budgets.questionMs,
  summary: 'does the operation that holds something still run?',
});

class RecordLoop<State> {
  readonly #kind: RecordKind<State>;
  readonly #run: RecordRun<State>;
  #record: State;
  #listed = '';
  /** What follows from decisions and was not done yet. */
  readonly #due: (() => Promise<void>)[] = [];

  constructor(kind: RecordKind<State>, run: RecordRun<State>) {
    this.#kind = kind;
    this.#run = run;
    this.#record = run.record;
  }

  async run(): Promise<never> {
    this.#show();
    setHandler(defineQuery<State>(queries.record), () => this.#record, { description: 'The whole record.' });
    for (const [name, update] of Object.entries(this.#kind.updates)) this.#take(name, update);
    return await Promise.race([this.#followUp(), this.#watch()]);
  }

  #take(name: string, { description, shape, decide }: RecordUpdate<State>): void {
    const { kind } = this.#kind;
    setHandler(
      defineUpdate<unknown, [never]>(name),
      (request) => this.#apply(decide(this.#record, request, now())),
      {
        description,
        validator: (request: unknown) => {
          const problem =
            problemOfShape(request, { ...shape, [kind]: 'string' }) ??
            problemOfName((request as Record<string, unknown>)[kind], this.#run.name);
          if (problem) {
            throw ApplicationFailure.create(
              permanent('InvalidInput', `${workflowInfo().workflowId}: ${name}: ${problem}`),
            );
          }
        },
      },
    );
  }

  #apply<Answer>({ record, answer, tells = [], starts = [] }: Decided<State, Answer>): Answer {
    this.#record = record;
    this.#due.push(
      ...tells.map((tell) => () => this.#tell(tell)),
      ...starts.map((start) => () => begin(start)),
    );
    this.#show();
    return answer;
  }

  #show(): void {
    const listed = { kind: this.#kind.kind, ...this.#kind.listed(this.#record) };
    const text = JSON.stringify(listed);
    // Each setting is an event of the history.
    if (text !== this.#listed) upsertSearchAttributes(searchAttributesOf(listed));
    this.#listed = text;
    setCurrentDetails(this.#kind.page(this.#record));
  }

  async #followUp(): Promise<never> {
    const { mostEvents = longHistory, continueWith } = this.#run;
    const isLong = (): boolean => {
      const { continueAsNewSuggested, historyLength } = workflowInfo();
      return (continueAsNewSuggested || historyLength >= mostEvents) && allHandlersFinished();
    };
    for (;;) {
      await condition(() => this.#due.length > 0 || isLong());
      if (this.#due.length === 0) return await continueWith(this.#record);
      await Promise.all(this.#due.splice(0).map((act) => act()));
    }
  }

  async #tell({ workflowId, signal, payload }: Tell): Promise<void> {
    try {
      await getExternalWorkflowHandle(workflowId).signal(signal, payload);
    } catch (error) {
      if (!(error instanceof TemporalFailure)) throw error;
      // Another refusal says nothing of the operation: what it holds is looked after by `#watch`.
      if (/not found/.test(error.message)) this.#apply(this.#kind.ended(this.#record, workflowId, now()));
    }
  }

  /** An operation that was terminated lets go of nothing: so whoever holds something is looked after. */
  async #watch(): Promise<never> {
    const holdings = (): readonly Holding[] => this.#kind.holdings(this.#record);
    for (;;) {
      await condition(() => holdings().length > 0);
      let known = '';
      let pausesMs = growingPausesMs(budgets.holderPauses);
      while (holdings().length > 0) {
        const current = JSON.stringify(holdings());
        if (current !== known) pausesMs = growingPausesMs(budgets.holderPauses);
        known = current;
        const isFree = await condition(() => holdings().length === 0, pausesMs.next().value, {
          summary: 'then looks whether those that hold something still run',
        });
        if (isFree) break;
        await Promise.all(holdings().map((holding) => this.#lookAfter(holding)));
      }
    }
  }

  async #lookAfter({ workflowId, since }: Holding): Promise<void> {
    try {
      if (await isRunning({ workflowId })) return;
    } catch (error) {
      if (!(error instanceof TemporalFailure)) throw error;
      return;
    }
    const isStillSo = this.#kind
      .holdings(this.#record)
      .some((holding) => holding.workflowId === workflowId && holding.since === since);
    if (isStillSo) this.#apply(this.#kind.ended(this.#record, workflowId, now()));
  }
}

async function begin({ workflowType, workflowId, input }: Start): Promise<void> {
  try {
    await startChild(workflowType, {
      workflowId,
      taskQueue,
      args: [input],
      // It goes on when the record continues as new.
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `by the record ${workflowInfo().workflowId}`,
      staticDetails: `Asked for by the record ${linkTo(workflowInfo().workflowId)}, which saw that an operation has ended without letting go.`,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

function problemOfName(asked: unknown, name: string): string | undefined {
  return asked === name ? undefined : `it is for ${JSON.stringify(asked)}, and this record is of ${name}`;
}

function now(): string {
  return new Date().toISOString();
}
