/**
 * A worker on the run's real Temporal server for one operation, of which many runs go on at once, each in a world of
 * its own, and each with the mishaps that its test has in mind for its activities.
 */
import { Client, Connection } from '@temporalio/client';
import { Context } from '@temporalio/activity';
import {
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  bundleWorkflowCode,
  makeTelemetryFilterString,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { inject } from 'vitest';
import { withMishap, type Mishap } from './mishaps.ts';
import { endOf, type End } from './ends.ts';

/** What an activity is here; `object` below because the real ones have requests of their own types. */
type Activity = (...requests: readonly unknown[]) => Promise<unknown>;

/** An operation, and a small world in memory that its activities act on. */
export interface Operation<W> {
  /** The file that exports the workflow. */
  readonly workflowsPath: string;
  /** Its workflow type. */
  readonly workflow: string;
  readonly input: unknown;
  /** That of the workflow first, then others that its activities are sent to. */
  readonly taskQueues: readonly [string, ...string[]];
  readonly newWorld: () => W;
  /** Activities that act on a world; one that can be canceled looks at `Context.current().cancellationSignal`. */
  readonly activitiesIn: (world: W) => object;
  /** What of the world must be as before; default: all of it. */
  readonly seen?: (world: W) => unknown;
  /** What of the answer of a success must be the same each time; default: all of it. */
  readonly answered?: (answer: never) => unknown;
  /** The activity from which on a failure may leave the world as a success does. */
  readonly pointOfNoReturn?: string;
  /** What a person does when an undo failed for good, after that undo was done by hand; default: nothing more. */
  readonly byHand?: (world: W) => void;
}

/** One activity that the operation called, with all its attempts. */
export interface Call {
  /** Counts the operation's calls from 1: the same in each run, as far as that goes the same way. */
  readonly id: number;
  readonly activity: string;
  readonly attempts: number;
  /** Does it again, past the operation. */
  readonly again: () => Promise<unknown>;
}

/** A run that has ended. */
export interface Run<W> {
  readonly end: End;
  readonly world: W;
  /** By their ids. */
  readonly calls: readonly Call[];
  /** What `seen` and `answered` say, with this run's workflow id written `THIS`. */
  readonly seen: () => unknown;
  readonly answered: unknown;
}

export interface StepWorker<W> extends AsyncDisposable {
  /** Runs the operation once, in a new world. */
  readonly run: (mishapOf?: (id: number) => Mishap | undefined) => Promise<Run<W>>;
  /** What `seen` says of a new world. */
  readonly before: () => unknown;
}

interface UnderWay {
  readonly activities: Readonly<Record<string, Activity>>;
  readonly mishapOf: (id: number) => Mishap | undefined;
  readonly calls: Map<number, Call>;
}

let runs = 0;

export async function startStepWorker<W>(operation: Operation<W>): Promise<StepWorker<W>> {
  quietRuntime();
  const address = inject('temporalAddress');
  const native = await NativeConnection.connect({ address });
  const connection = await Connection.connect({ address });
  const temporal = new Client({ connection });
  const underWay = new Map<string, UnderWay>();

  const attempt = (name: string, requests: readonly unknown[]): Promise<unknown> => {
    const { workflowExecution, activityId } = Context.current().info;
    const run = underWay.get(workflowExecution?.workflowId ?? '');
    const activity = run?.activities[name];
    if (!run || !activity) throw new Error(`${name} was called by a workflow that is no run of this test`);
    const id = Number(activityId);
    const call = run.calls.get(id);
    const act = (): Promise<unknown> => activity(...requests);
    run.calls.set(id, { id, activity: name, attempts: (call?.attempts ?? 0) + 1, again: act });
    return withMishap(run.mishapOf(id), name, act, temporal);
  };
  const names = Object.keys(operation.activitiesIn(operation.newWorld()));
  const activities = Object.fromEntries(
    names.map((name) => [name, (...requests: readonly unknown[]) => attempt(name, requests)]),
  );
  const workflowBundle = await bundleOf(operation.workflowsPath);
  const workers = await Promise.all(
    operation.taskQueues.map((taskQueue, index) =>
      Worker.create({
        connection: native,
        taskQueue,
        activities,
        ...(index === 0 ? { workflowBundle } : {}),
        shutdownGraceTime: '1s',
        // An activity that is canceled has to be told by its next heartbeat.
        maxHeartbeatThrottleInterval: '50ms',
        defaultHeartbeatThrottleInterval: '50ms',
      }),
    ),
  );
  const running = workers.map((worker) => worker.run());

  const { answered: answeredIn = (answer: unknown) => answer } = operation;
  const seenOf = (world: W, workflowId: string): unknown =>
    asThis(operation.seen ? operation.seen(world) : world, workflowId);
  return {
    before: () => seenOf(operation.newWorld(), ''),
    run: async (mishapOf = () => undefined) => {
      const workflowId = `steps/${operation.workflow}/${process.pid}-${++runs}`;
      const world = operation.newWorld();
      const calls = new Map<number, Call>();
      const activitiesHere = operation.activitiesIn(world) as Record<string, Activity>;
      underWay.set(workflowId, { activities: activitiesHere, mishapOf, calls });
      const handle = await temporal.workflow.start(operation.workflow, {
        workflowId,
        taskQueue: operation.taskQueues[0],
        args: [operation.input],
      });
      const end = await endOf(handle);
      return {
        end,
        world,
        calls: [...calls.values()].toSorted((a, b) => a.id - b.id),
        seen: () => seenOf(world, workflowId),
        answered: end.kind === 'completed' ? asThis(answeredIn(end.answer as never), workflowId) : undefined,
      };
    },
    [Symbol.asyncDispose]: async () => {
      for (const worker of workers) worker.shutdown();
      await Promise.all(running);
      await connection.close();
      await native.close();
    },
  };
}

/** Without the warnings that belong to what the harness does. */
export function quietRuntime(): void {
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => {}),
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) } },
  });
}

const bundles = new Map<string, Promise<WorkflowBundleWithSourceMap>>();

/** Bundled once, though many workers of one file run it. */
export function bundleOf(workflowsPath: string): Promise<WorkflowBundleWithSourceMap> {
  const bundle =
    bundles.get(workflowsPath) ?? bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
  bundles.set(workflowsPath, bundle);
  return bundle;
}

/** A copy without what differs between two runs that go the same way. */
function asThis(value: unknown, workflowId: string): unknown {
  return value === undefined
    ? undefined
    : JSON.parse(
        workflowId === '' ? JSON.stringify(value) : JSON.stringify(value).replaceAll(workflowId, 'THIS'),
      );
}
