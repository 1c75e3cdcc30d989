/** Every question to Temporal is asked through here: within a time, and with one error for "it is away". */
import { isGrpcServiceError, type Connection } from '@temporalio/client';
import type { TemporalTarget } from '../settings/temporal.ts';
import { accessTrouble } from './connection-trouble.ts';
import { TemporalUnreachable, WorkersSilent } from './errors.ts';

/** gRPC: DEADLINE_EXCEEDED, or CANCELLED where the client's own clock was first; UNAVAILABLE. */
const unreachableCodes: readonly number[] = [1, 4, 14];

export class Reach {
  readonly #target: TemporalTarget;
  readonly #connection: Pick<Connection, 'withDeadline'>;
  readonly #timeoutMs: number;

  /** @param timeoutMs how long Temporal may take for each answer */
  constructor(target: TemporalTarget, connection: Pick<Connection, 'withDeadline'>, timeoutMs: number) {
    this.#target = target;
    this.#connection = connection;
    this.#timeoutMs = timeoutMs;
  }

  /** One question. @throws TemporalUnreachable when it is not answered in its time */
  async answer<T>(call: () => Promise<T>): Promise<T> {
    return await this.wait(() => this.#connection.withDeadline(Date.now() + this.#timeoutMs, call));
  }

  /**
   * One question that a worker has to answer.
   * @param ofTemporal a question that Temporal answers alone, to tell who is away
   * @throws WorkersSilent when none does in its time; TemporalUnreachable
   */
  async workers<T>(
    timeoutMs: number,
    call: () => Promise<T>,
    ofTemporal: () => Promise<unknown>,
  ): Promise<T> {
    try {
      return await this.#connection.withDeadline(Date.now() + timeoutMs, call);
    } catch (error) {
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      if (!isGrpcServiceError(cause) || !unreachableCodes.includes(cause.code)) throw error;
      await this.answer(ofTemporal);
      throw new WorkersSilent(timeoutMs);
    }
  }

  /**
   * What takes as long as it takes, as an operation does.
   * @throws TemporalUnreachable when Temporal goes away meanwhile, for longer than its client tries again (about 20 s)
   */
  async wait<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      if (isGrpcServiceError(cause) && unreachableCodes.includes(cause.code)) {
        throw new TemporalUnreachable(this.#target, cause);
      }
      const denied = accessTrouble(this.#target, cause);
      if (denied !== undefined) throw new TemporalUnreachable(this.#target, cause, denied);
      throw error;
    }
  }
}
