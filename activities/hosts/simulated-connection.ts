/** One connection to a simulated host: questions and their answers, events, and the host's silence noticed by keepalive. */
import type { Socket } from 'node:net';
import {
  ConnectionError,
  createMessageConnection,
  ResponseError,
  StreamMessageReader,
  StreamMessageWriter,
  type MessageConnection,
} from 'vscode-jsonrpc/node';
import { z } from 'zod';
import { VmEvent } from '../../model/inventory.ts';
import {
  simulatedEvent,
  simulatedRefusalCode,
  SimulatedRefusal,
  type SimulatedRequest,
} from '../../model/simulated.ts';
import { HostRefused, HostUnreachable, HostUnreadable } from './errors.ts';
import { classify } from './libvirt-refusals.ts';
import type { OnRefusal } from './unknown-refusals.ts';

/** Pings in one keepalive interval: the last of three that go unanswered is given one more third. */
const pingsPerKeepalive = 4;
/** So much of an answer that can't be read is told. */
const mostQuoted = 80;

/** The connection was lost, or an answer did not come in time. */
class NoAnswer extends Error {}

export class SimulatedConnection {
  readonly #host: string;
  readonly #socket: Socket;
  readonly #connection: MessageConnection;
  readonly #timeoutMs: number;
  readonly #onRefusal: OnRefusal | undefined;
  readonly #lost: Promise<never>;
  #lose!: (why: NoAnswer) => void;
  #pings: NodeJS.Timeout | undefined;

  /** @param timeoutMs the deadline of each question that names none */
  constructor(host: string, socket: Socket, timeoutMs: number, onRefusal?: OnRefusal) {
    this.#host = host;
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    this.#onRefusal = onRefusal;
    this.#lost = new Promise((_, reject) => {
      this.#lose = reject;
    });
    this.#lost.catch(() => undefined);
    this.#connection = createMessageConnection(
      new StreamMessageReader(socket),
      new StreamMessageWriter(socket),
    );
    this.#connection.onError(() => undefined);
    socket.on('error', (error) => this.#lose(new NoAnswer(error.message, { cause: error })));
    socket.on('close', () => {
      clearInterval(this.#pings);
      this.#lose(new NoAnswer('the connection was closed'));
    });
    this.#connection.listen();
  }

  /** Hands every event to one listener, which replaces the one before. */
  onEvent(listener: (event: VmEvent) => void): void {
    this.#connection.onNotification(simulatedEvent, (event: unknown) => listener(VmEvent.parse(event)));
  }

  /**
   * Asks the host, and reads its answer.
   * @param tried what the host was asked for, as in "host1 refused to ..."
   */
  async ask<T extends z.ZodType>(
    request: SimulatedRequest,
    parameters: object,
    answer: T,
    tried: string,
    timeoutMs = this.#timeoutMs,
  ): Promise<z.output<T>> {
    const answered = await this.#answerTo(request, parameters, tried, timeoutMs);
    const { data, error } = answer.safeParse(answered);
    if (error) throw new HostUnreadable(this.#host, tried, unlike(error, answered));
    return data;
  }

  /** Gives the connection up when a whole keepalive interval has passed without an answer. */
  keepAlive(keepaliveMs: number): void {
    let heardMs = performance.now();
    // A connection that has just been closed refuses the ping at once, and not by a promise.
    const ping = async (): Promise<void> => {
      await this.#connection.sendRequest('ping', {});
      heardMs = performance.now();
    };
    this.#pings = setInterval(() => {
      if (performance.now() - heardMs > keepaliveMs) {
        this.#lose(new NoAnswer(`no sign of life for ${keepaliveMs / 1000} s`));
        this.#socket.destroy();
        return;
      }
      ping().catch(() => undefined);
    }, keepaliveMs / pingsPerKeepalive);
  }

  /** Ends it: what is still open has no answer. */
  close(): void {
    clearInterval(this.#pings);
    this.#connection.dispose();
    this.#socket.destroy();
  }

  async #answerTo(
    request: SimulatedRequest,
    parameters: object,
    tried: string,
    timeoutMs: number,
  ): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      if (timeoutMs === Infinity) return;
      timer = setTimeout(() => reject(new NoAnswer(`no answer within ${timeoutMs} ms`)), timeoutMs);
    });
    try {
      return await Promise.race<unknown>([
        this.#connection.sendRequest(request, parameters),
        this.#lost,
        tooLate,
      ]);
    } catch (error) {
      if (error instanceof ResponseError && error.code === simulatedRefusalCode) {
        const refusal = { ...SimulatedRefusal.parse(error.data), text: error.message };
        const call = request === 'ping' ? 'barrier' : request;
        const refused = new HostRefused(this.#host, tried, { ...refusal, ...classify(refusal, call) }, error);
        this.#onRefusal?.(refused);
        throw refused;
      }
      if (this.#isUnanswered(error)) throw new HostUnreachable(this.#host, tried, error);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Whether nothing is known of what the host did; what else fails is a bug of the simulation's, or our own. */
  #isUnanswered(error: unknown): boolean {
    return error instanceof NoAnswer || error instanceof ConnectionError || this.#socket.destroyed;
  }
}

/** What came instead of what was asked for. */
function unlike(error: z.ZodError, answered: unknown): Error {
  const came = (JSON.stringify(answered) ?? 'nothing').slice(0, mostQuoted);
  return new Error(`${z.prettifyError(error)}: ${came}`, { cause: error });
}
