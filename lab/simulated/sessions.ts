/**
 * Drover's side of a simulated datacenter: one connection for each session with a host, as libvirtd serves them, with what
 * delays, loses or falsifies a request and its answer on their ways. `requests.ts` says what the host does for it.
 */
import type { Socket } from 'node:net';
import {
  createMessageConnection,
  ResponseError,
  StreamMessageReader,
  StreamMessageWriter,
  type MessageConnection,
} from 'vscode-jsonrpc/node';
import { z } from 'zod';
import {
  simulatedEvent,
  SimulatedOpen,
  simulatedRefusalCode,
  simulatedRequests,
  type SimulatedRequest,
} from '../../model/simulated.ts';
import type { SimulatedDatacenter } from './datacenter.ts';
import type { SimulatedHost } from './host.ts';
import { Refusal } from './refusal.ts';
import { carryOut } from './requests.ts';
import type { Traps } from './traps.ts';

/** How often a session looks whether its peer is still there, within its keepalive interval. */
const looksPerKeepalive = 4;
const lookEveryMs = 10;

export class Session {
  readonly #datacenter: SimulatedDatacenter;
  readonly #traps: Traps;
  readonly #socket: Socket;
  readonly #connection: MessageConnection;
  #host: SimulatedHost | undefined;
  #party = 'worker';
  #heardMs = performance.now();
  #unwatch: () => void = () => {};
  #isOver = false;
  /** What waits for a link to be mended, or a host to wake: it comes late, and each direction in its order. */
  readonly #queues = { in: Promise.resolve(), out: Promise.resolve() };
  #waiting = 0;
  #bootsAtOpen = 0;
  #isClientGone = false;

  constructor(datacenter: SimulatedDatacenter, traps: Traps, socket: Socket) {
    this.#datacenter = datacenter;
    this.#traps = traps;
    this.#socket = socket;
    this.#connection = createMessageConnection(
      new StreamMessageReader(socket),
      new StreamMessageWriter(socket),
    );
    this.#connection.onError(() => undefined);
    for (const request of simulatedRequests)
      this.#connection.onRequest(request, (parameters: unknown) => this.#serve(request, parameters));
    socket.on('error', () => undefined);
    socket.on('close', () => this.#clientLeaves());
    this.#connection.listen();
  }

  /** The host drops the connection, with all that was still in it. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#unwatch();
    this.#connection.dispose();
    this.#socket.destroy();
  }

  /**
   * What the client had sent still arrives, as TCP delivers what was in its buffers before the end: an order that was
   * given up is done late, unless the host has taken the client for dead by then.
   */
  #clientLeaves(): void {
    this.#isClientGone = true;
    this.#unwatch();
    if (this.#waiting === 0) this.end();
  }

  async #serve(request: SimulatedRequest, parameters: unknown): Promise<unknown> {
    if (request === 'open') this.#greet(SimulatedOpen.parse(parameters));
    const host = this.#host;
    if (!host) throw new Error('a session begins with open');
    await this.#arrives(host);
    this.#heardMs = performance.now();
    if (request === 'ping') return await this.#answers(host, undefined);

    const { uuid } = z.object({ uuid: z.string().optional() }).parse(parameters);
    const note = (outcome: 'asked' | 'answered' | 'refused' | 'unanswered'): void =>
      this.#datacenter.journal.write({
        kind: 'call',
        host: host.name,
        party: this.#party,
        call: request,
        outcome,
        ...(uuid === undefined ? {} : { uuid }),
      });
    note('asked');
    const before = await this.#meet(request, 'before');
    if (before?.kind === 'refuse') {
      note('refused');
      throw refusalError(new Refusal(before.code ?? 'OPERATION_FAILED', before.message));
    }
    if (before?.kind === 'loseReply') {
      note('unanswered');
      return await never();
    }
    try {
      const done = await this.#do(host, request, parameters);
      const after = await this.#meet(request, 'after');
      if (after?.kind === 'loseReply') {
        note('unanswered');
        return await never();
      }
      const answer = after?.kind === 'lie' || before?.kind === 'lie' ? lieFor(request, done) : done;
      const answered = await this.#answers(host, answer);
      note('answered');
      if (!this.#traps.isEmpty) setImmediate(() => void this.#meet(request, 'answered'));
      return answered;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      await this.#answers(host, undefined);
      note('refused');
      throw refusalError(error);
    }
  }

  #greet({ host, party, keepaliveMs }: SimulatedOpen): void {
    this.#party = party;
    this.#host = this.#datacenter.hostNamed(host);
    const watchdog = setInterval(() => {
      const { state } = this.#host ?? {};
      // A libvirtd that hangs watches nobody; what it was sent is still there when it wakes.
      if (state === 'frozen') this.#heardMs = performance.now();
      const isSilent = performance.now() - this.#heardMs > keepaliveMs;
      // A machine that was off knows none of its old connections.
      if (isSilent || this.#host?.boots !== this.#bootsAtOpen) this.end();
      if (this.#isOver) clearInterval(watchdog);
    }, keepaliveMs / looksPerKeepalive);
    watchdog.unref();
    this.#bootsAtOpen = this.#host.boots;
  }

  /** A question reaches the host when the link carries it and libvirtd listens; one to a dead host never does. */
  async #arrives(host: SimulatedHost): Promise<void> {
    this.#waiting++;
    await this.#inOrder(
      'in',
      () => this.#datacenter.network.carries(this.#party, host.name) && host.state === 'up',
    );
    this.#waiting--;
  }

  async #answers<T>(host: SimulatedHost, answer: T): Promise<T> {
    await this.#inOrder(
      'out',
      () => this.#datacenter.network.carries(host.name, this.#party) && host.state === 'up',
    );
    if (this.#isClientGone && this.#waiting === 0) this.end();
    return answer;
  }

  /** Waits, after all that went the same way before, until a condition holds. */
  async #inOrder(way: 'in' | 'out', holds: () => boolean): Promise<void> {
    const before = this.#queues[way];
    const mine = (async () => {
      await before;
      while (!holds()) {
        await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
        if (this.#isOver) await never();
      }
    })();
    this.#queues[way] = mine;
    await mine;
  }

  async #meet(call: SimulatedRequest, phase: 'before' | 'after' | 'answered') {
    if (this.#traps.isEmpty) return undefined;
    const action = await this.#traps.meet({ kind: 'call', call, host: this.#host?.name ?? '', phase });
    if (action?.kind === 'delay') await new Promise((resolve) => setTimeout(resolve, action.ms));
    if (action?.kind === 'disconnect') {
      this.end();
      await never();
    }
    // A connection that its client has let go of is dropped with all that was still in it.
    if (this.#isOver) await never();
    return action;
  }

  async #do(host: SimulatedHost, request: SimulatedRequest, parameters: unknown): Promise<unknown> {
    if (request === 'open' || request === 'ping') return undefined;
    if (request === 'watch') return this.#watch(host);
    return await carryOut({ datacenter: this.#datacenter, host, party: this.#party }, request, parameters);
  }

  #watch(host: SimulatedHost): void {
    this.#unwatch();
    this.#unwatch = host.watch((event) => {
      void this.#answers(host, event)
        .then((told) => this.#connection.sendNotification(simulatedEvent, told))
        // Nobody hears it any more.
        .catch(() => undefined);
    });
  }
}

/** What a host that answers wrong says: that the VM is not there, that no job runs. */
function lieFor(request: SimulatedRequest, truth: unknown): unknown {
  if (request === 'sight') return { kind: 'absent' };
  if (request === 'migrationProgress') return null;
  if (request === 'report') return { ...(truth as object), vms: [] };
  return truth;
}

function refusalError({ code, message }: Refusal): ResponseError<{ code: string }> {
  return new ResponseError(simulatedRefusalCode, message, { code });
}

function never(): Promise<never> {
  return new Promise(() => {});
}
