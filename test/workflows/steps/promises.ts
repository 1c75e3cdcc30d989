/**
 * What every operation promises of its steps. Each promise is looked into by many runs at once, one or more for each
 * activity that a first run called; what came of them is answered beside what should have.
 */
import { isDeepStrictEqual } from 'node:util';
import { faultOf, type Mishap } from './mishaps.ts';
import type { Call, Operation, Run, StepWorker } from './step-worker.ts';

/** By what happened in a run: how it ended, and what it left. */
export interface Outcomes {
  readonly actual: Readonly<Record<string, unknown>>;
  readonly expected: Readonly<Record<string, unknown>>;
}

type Look = <W>(operation: Operation<W>, worker: StepWorker<W>) => Promise<Outcomes>;

export const promises = {
  'it succeeds, and the world is another': async (_operation, worker) => {
    const { end, seen, calls } = await worker.run();
    const isAnother = !isDeepStrictEqual(seen(), worker.before());
    return outcomes([
      [
        'undisturbed',
        { end: end.kind, isAnother, hasSteps: calls.length > 0 },
        { end: 'completed', isAnother: true, hasSteps: true },
      ],
    ]);
  },

  'it fails at every step in turn, and the world is as before': async (operation, worker) => {
    const first = await undisturbed(operation, worker);
    return ofEach(first.calls, (call) =>
      (['refused', 'failedAfter'] as const).map(async (mishap): Promise<Row> => {
        const run = await worker.run(only(call, mishap));
        const actual = endIn(run, call);
        return [`${labelOf(call)}: ${mishap}`, actual, nearest(actual, first.endsAfterFailureAt(call))];
      }),
    );
  },

  'it comes to the same end when any step is repeated': async (operation, worker) => {
    const first = await undisturbed(operation, worker);
    return ofEach(first.calls, (call) => [
      (async (): Promise<Row> => {
        const run = await worker.run(only(call, 'lostOnce'));
        return [
          labelOf(call),
          { end: run.end.kind, answered: run.answered, world: run.seen(), attempts: attemptsOf(run, call) },
          { end: 'completed', answered: first.answered, world: first.after, attempts: 2 },
        ];
      })(),
    ]);
  },

  'the world is as before when every undo is repeated': async (operation, worker) => {
    const first = await undisturbed(operation, worker);
    return ofEach(first.calls, (call) => [
      (async (): Promise<Row> => {
        const run = await worker.run((id) =>
          id === call.id ? 'failedAfter' : id > call.id ? 'lostOnce' : undefined,
        );
        const end = endIn(run, call);
        const notRepeated = undosIn(run, call).filter(({ attempts }) => attempts !== 2);
        return [
          labelOf(call),
          { end, notRepeated },
          { end: nearest(end, first.endsAfterFailureAt(call)), notRepeated: [] },
        ];
      })(),
    ]);
  },

  'an undo that fails for good asks for an operator, and the rest is undone': async (operation, worker) => {
    const first = await undisturbed(operation, worker);
    const withWayBack = first.calls.filter((call) => !first.isPastReturn(call));
    return ofEach(withWayBack, async (call) => {
      const undos = undosIn(await worker.run(only(call, 'failedAfter')), call);
      return undos.map(async (undo): Promise<Row> => {
        const run = await worker.run((id) =>
          id === call.id ? 'failedAfter' : id === undo.id ? 'refused' : undefined,
        );
        const [message = ''] = run.end.kind === 'failed' ? run.end.messages : [];
        // As the person who was asked for does.
        await run.calls.find(({ id }) => id === undo.id)?.again();
        operation.byHand?.(run.world);
        return [
          `${labelOf(call)}, then undo ${labelOf(undo)}`,
          {
            ...endIn(run, call),
            tellsUndo: message.includes(faultOf(undo.activity)),
            undos: undosIn(run, call).map(labelOf),
          },
          { ...first.asBefore, needsOperator: true, tellsUndo: true, undos: undos.map(labelOf) },
        ];
      });
    });
  },

  'canceled at every step, it leaves the world as before, or comes to its end where that is too late': async (
    operation,
    worker,
  ) => {
    const first = await undisturbed(operation, worker);
    const canceled = { end: 'canceled', world: worker.before() };
    const tooLate = { end: 'completed', world: first.after };
    return ofEach(first.calls, (call) => [
      (async (): Promise<Row> => {
        const run = await worker.run(only(call, 'canceled'));
        const actual = { end: run.end.kind, world: run.seen() };
        const mayBeTooLate = first.isPastReturn(call) || call.id === first.calls.at(-1)?.id;
        return [labelOf(call), actual, nearest(actual, mayBeTooLate ? [canceled, tooLate] : [canceled])];
      })(),
    ]);
  },
} as const satisfies Record<string, Look>;

export type PromiseName = keyof typeof promises;

type Row = readonly [happened: string, actual: unknown, expected: unknown];

/** The first run, in which nothing happens: how it must end, and what it calls. */
async function undisturbed<W>({ pointOfNoReturn }: Operation<W>, worker: StepWorker<W>) {
  const { end, answered, seen, calls } = await worker.run();
  if (end.kind !== 'completed') throw new Error(`undisturbed, it does not succeed: ${JSON.stringify(end)}`);
  const returnsUntil = calls.find(({ activity }) => activity === pointOfNoReturn)?.id ?? Infinity;
  if (pointOfNoReturn !== undefined && returnsUntil === Infinity)
    throw new Error(`it calls no ${pointOfNoReturn}`);
  const before = worker.before();
  const after = seen();
  const isPastReturn = ({ id }: Call): boolean => id >= returnsUntil;
  const asBefore = { end: 'failed', needsOperator: false, tellsCause: true, world: before };
  // Past it, the world was asked: it was not done, or it was and the operation went on, as far as it came.
  const endsAfterFailureAt = (call: Call): readonly unknown[] =>
    isPastReturn(call)
      ? [
          asBefore,
          { ...asBefore, world: after },
          { ...asBefore, end: 'completed', tellsCause: false, world: after },
        ]
      : [asBefore];
  return { answered, calls, after, isPastReturn, asBefore, endsAfterFailureAt };
}

/** Rows of all calls, looked into at once. */
async function ofEach(
  calls: readonly Call[],
  look: (call: Call) => readonly Promise<Row>[] | Promise<readonly Promise<Row>[]>,
): Promise<Outcomes> {
  const rows = await Promise.all(calls.map(async (call) => Promise.all(await look(call))));
  return outcomes(rows.flat());
}

function outcomes(rows: readonly Row[]): Outcomes {
  return {
    actual: Object.fromEntries(rows.map(([happened, actual]) => [happened, actual])),
    expected: Object.fromEntries(rows.map(([happened, , expected]) => [happened, expected])),
  };
}

function only(call: Call, mishap: Mishap): (id: number) => Mishap | undefined {
  return (id) => (id === call.id ? mishap : undefined);
}

function endIn({ end, seen }: Run<unknown>, { activity }: Call) {
  const messages = end.kind === 'failed' ? end.messages : [];
  const tellsCause = messages.some((message) => message.includes(faultOf(activity)));
  const needsOperator = end.kind === 'failed' && end.type === 'NeedsOperator';
  return { end: end.kind, needsOperator, tellsCause, world: seen() };
}

/** What was called after the call that failed. */
function undosIn({ calls }: Run<unknown>, failed: Call): readonly Call[] {
  return calls.filter(({ id }) => id > failed.id);
}

function attemptsOf({ calls }: Run<unknown>, call: Call): number | undefined {
  return calls.find(({ id }) => id === call.id)?.attempts;
}

function labelOf({ id, activity }: Call): string {
  return `${id} ${activity}`;
}

/** That of the allowed ones which came about, else the first. */
function nearest(actual: unknown, allowed: readonly unknown[]): unknown {
  return allowed.find((one) => isDeepStrictEqual(one, actual)) ?? allowed[0];
}
