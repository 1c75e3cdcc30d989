/** Where an operation's time went, by its own history. */
import { Client, Connection } from '@temporalio/client';
import type { TemporalTarget } from '../settings/temporal.ts';

/** Milliseconds by part; the parts of an operation add up to its whole time. */
export type OperationTimes = ReadonlyMap<string, number>;

/** Reads histories from the server that Drover uses. */
export class Histories implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #client: Client;

  private constructor(connection: Connection, namespace: string) {
    this.#connection = connection;
    this.#client = new Client({ connection, namespace });
  }

  static async connect(target: TemporalTarget): Promise<Histories> {
    return new Histories(await Connection.connect(target.connectConfig), target.namespace);
  }

  /** The times of an operation that has ended, whose activities ran one after another. */
  async timesOf(workflowId: string): Promise<OperationTimes> {
    const { events } = await this.#client.workflow.getHandle(workflowId).fetchHistory();
    const all = (events ?? []).map((event) => ({
      ...event,
      id: String(event.eventId),
      atMs: Number(event.eventTime?.seconds ?? 0) * 1000 + (event.eventTime?.nanos ?? 0) / 1e6,
    }));
    const atOf = (id: unknown): number => all.find((event) => event.id === String(id))?.atMs ?? Number.NaN;
    const times = new Map<string, number>();
    let waiting = 0;
    // A started event is written when the activity has ended, with the time of its begin.
    for (const { atMs, activityTaskCompletedEventAttributes: completed } of all) {
      if (!completed) continue;
      const scheduled = all.find(({ id }) => id === String(completed.scheduledEventId));
      const name = scheduled?.activityTaskScheduledEventAttributes?.activityType?.name ?? 'activity';
      times.set(name, atMs - atOf(completed.startedEventId));
      waiting += atOf(completed.startedEventId) - (scheduled?.atMs ?? Number.NaN);
    }
    times.set('activities wait for the worker', waiting);
    const whole = (all.at(-1)?.atMs ?? Number.NaN) - (all[0]?.atMs ?? Number.NaN);
    times.set('workflow tasks', whole - [...times.values()].reduce((sum, value) => sum + value, 0));
    return times;
  }

  /** Events of the longest history among all runs of an operation that continues as new. */
  async longestOf(workflowId: string): Promise<number> {
    let longest = 0;
    const query = `WorkflowId = '${workflowId}'`;
    for await (const { historyLength } of this.#client.workflow.list({ query }))
      longest = Math.max(longest, historyLength ?? 0);
    return longest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.close();
  }
}
