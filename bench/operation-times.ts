/** Where an operation's time went, by its own history. */
import { Client, Connection } from '@temporalio/client';
import type { TemporalTarget } from '../settings/temporal.ts';

/** Milliseconds by part; the parts of an operation without parallel steps add up to its whole time. */
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

  /** The times of an operation that has ended. */
  async timesOf(workflowId: string): Promise<OperationTimes> {
    const { events } = await this.#client.workflow.getHandle(workflowId).fetchHistory();
    const times = new Map<string, number>();
    const scheduled = new Map<string, string>();
    let last: number | undefined;
    // Every stretch between two events belongs to what its later event is about.
    for (const event of events ?? []) {
      const { seconds = 0, nanos = 0 } = event.eventTime ?? {};
      const at = Number(seconds) * 1000 + (nanos ?? 0) / 1e6;
      const activity = event.activityTaskScheduledEventAttributes?.activityType?.name;
      if (activity) scheduled.set(String(event.eventId), activity);
      const started = event.activityTaskStartedEventAttributes;
      const completed = event.activityTaskCompletedEventAttributes;
      const nameOf = (id: unknown): string => scheduled.get(String(id)) ?? 'activity';
      const part = started
        ? 'tasks waiting for the worker'
        : completed
          ? nameOf(completed.scheduledEventId)
          : event.workflowTaskStartedEventAttributes
            ? 'tasks waiting for the worker'
            : event.workflowTaskCompletedEventAttributes
              ? 'workflow code'
              : event.childWorkflowExecutionStartedEventAttributes
                ? 'hold: take'
                : event.externalWorkflowExecutionSignaledEventAttributes ||
                    event.childWorkflowExecutionCompletedEventAttributes
                  ? 'hold: let go'
                  : 'between';
      if (last !== undefined) times.set(part, (times.get(part) ?? 0) + at - last);
      last = at;
    }
    return times;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.close();
  }
}
