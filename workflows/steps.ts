/**
 * Operations as sequences of steps that are read from the top, each with its undo beside it:
 *
 *     return await runSteps(async (step) => {
 *       const lease = await step({
 *         name: 'lease',
 *         do: () => acquireVm(request),
 *         undo: ({ why }) => releaseVm({ ...request, message: why.message }),
 *         always: true,
 *       });
 *       await step({ name: 'check', do: () => checkMove(lease), noUndo: 'it only reads' });
 *       ...
 *     });
 *
 * When a step fails, or the operation is canceled, what began is undone, the last first; that can't be canceled. The
 * operation then ends in the failure that it met, or as `NeedsOperator` where something could not be undone. A bug of
 * our own (a TypeError, whatever is no failure of Temporal's) is no failed step: nothing is undone, the workflow task
 * fails, and the operation goes on from there when the worker is mended.
 */
import { CancellationScope, sleep } from '@temporalio/workflow';
import { CancelledFailure, TemporalFailure } from '@temporalio/common';
import { failureAfter, unwind, type StepState, type Undo, type Unwinding } from './unwind.ts';

export type { LeftBehind, StepState, Unwinding } from './unwind.ts';

export type Step<T, Name extends string = string> = {
  /** As the operation's page names it, and a failure that has to name what it left: `room on host2`. */
  readonly name: Name;
  /**
   * Activities in here that change anything wait for their end when they are canceled
   * (`ActivityCancellationType.WAIT_CANCELLATION_COMPLETED`): their undo must not overtake them.
   */
  readonly do: () => Promise<T>;
  /**
   * It can't be taken back once it is done, and while it has not answered nobody knows whether it is: from its beginning
   * on, a failure undoes nothing but what is undone `always`, and the steps after it can't be canceled. A function says
   * by its answer whether it was passed: a move that left the VM where it was has not. Default: there is a way back.
   */
  readonly pointOfNoReturn?: true | ((answer: T) => boolean);
} & (WithUndo<T> | WithoutUndo);

export interface WithUndo<T> {
  /**
   * Known before the step begins, since one that failed may have taken effect: so it does nothing where the step never
   * happened, and may run twice. Its activities are retried without end: give them no `scheduleToCloseTimeout`.
   */
  readonly undo: (unwinding: Unwinding<T>) => Promise<unknown>;
  /** It lets go of something, which is due after the point of no return too. Default: false. */
  readonly always?: boolean;
  /** A sentence: what a person does where it can't be undone. Default: look at it and undo it. */
  readonly byHand?: string;
  readonly noUndo?: never;
}

export interface WithoutUndo {
  /** Why there is none, in one line. */
  readonly noUndo: string;
  readonly undo?: never;
}

/** Does one step and answers what it answers; steps come one after another, and none begins once it is canceled. */
export type StepRunner<Name extends string = string> = <T>(step: Step<T, Name>) => Promise<T>;

export interface StepsOptions<Name extends string> {
  /** Told before each step, before each undo, and when an undo has to be tried again. */
  readonly onStep?: (state: StepState<Name>) => void;
}

/**
 * Runs an operation's steps and answers what they answer; in a workflow only.
 * @throws TemporalFailure of the step that failed, after what began was undone; ApplicationFailure `NeedsOperator` with
 *   that failure as its cause where an undo met a fault that does not pass
 */
export async function runSteps<R, Name extends string = string>(
  steps: (step: StepRunner<Name>) => Promise<R>,
  { onStep = () => {} }: StepsOptions<Name> = {},
): Promise<R> {
  const begun: (Undo<Name> & { readonly always: boolean })[] = [];
  let underWay: Name | undefined;
  let isPastReturn = false;

  const step = async <T>(next: Step<T, Name>): Promise<T> => {
    if (underWay !== undefined) {
      throw new TypeError(`step ${next.name} begins while ${underWay} is under way: await that first`);
    }
    if (!isPastReturn && CancellationScope.current().consideredCancelled)
      throw new CancelledFailure(`canceled before the step ${next.name}`);
    underWay = next.name;
    let done: T | undefined;
    const { undo } = next;
    if (undo) {
      begun.push({
        name: next.name,
        always: next.always ?? false,
        undo: (unwinding) => undo({ ...unwinding, done }),
        ...(next.byHand === undefined ? {} : { byHand: next.byHand }),
      });
    }
    const wasPastReturn = isPastReturn;
    const { pointOfNoReturn } = next;
    isPastReturn ||= pointOfNoReturn !== undefined;
    onStep({ step: next.name, phase: 'doing' });
    try {
      const answer = await (wasPastReturn ? CancellationScope.nonCancellable(next.do) : next.do());
      done = answer;
      if (typeof pointOfNoReturn === 'function') isPastReturn = wasPastReturn || pointOfNoReturn(answer);
      return answer;
    } finally {
      underWay = undefined;
    }
  };

  try {
    return await steps(step);
  } catch (error) {
    if (!(error instanceof TemporalFailure)) throw error;
    const due = isPastReturn ? begun.filter(({ always }) => always) : begun;
    const left = await CancellationScope.nonCancellable(() =>
      unwind(due, error, {
        pause: (ms, name) => sleep(ms, { summary: `then undo ${name} again` }),
        onStep,
      }),
    );
    throw failureAfter(error, left);
  }
}
