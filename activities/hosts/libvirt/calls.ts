import { LibvirtConnectionLost, LibvirtOverloaded, LibvirtProtocolError, LibvirtTimeout } from './errors.ts';
import { describePacket, headerBytes, type Packet, PacketStatus, PacketType, sealPacket } from './packet.ts';
import { type Procedure, procedure, type ProcedureName } from './procedures.ts';
import { readRemoteError } from './remote-error.ts';
import { XdrReader, XdrWriter } from './xdr.ts';

/** What each call takes beside its arguments. */
export interface CallOptions {
  /** Milliseconds until the call rejects with LibvirtTimeout; Infinity for no bound. Default: the connection's. */
  timeoutMs?: number | undefined;
  /** Gives the call up with the signal's reason. A call that was sent may still take effect. */
  signal?: AbortSignal | undefined;
}

/** One call: its arguments' and its answer's layout in remote_protocol.x. */
export interface Call<T> extends CallOptions {
  readonly procedure: ProcedureName;
  readonly encode?: (writer: XdrWriter) => unknown;
  readonly decode: (reader: XdrReader) => T;
  /** Runs before any later packet is looked at, so that nothing that follows the answer is missed. */
  readonly onAnswer?: (answer: T) => void;
  /** Runs once when no answer will be taken any more: the call was refused, given up or lost. */
  readonly onFailure?: () => void;
}

/** The longest delay of setTimeout; a longer one would fire at once. */
const maxTimerMs = 2_147_483_647;

interface PendingCall {
  readonly procedure: Procedure;
  readonly packet: Buffer;
  /** Reads the answer whole and returns what settles the call with it. */
  read(reader: XdrReader): () => void;
  fail(error: unknown): void;
}

/** The bounds of one connection's calls. */
export interface CallLimits {
  /**
   * Calls at the host at a time; the others wait here. A libvirtd stops reading from a client that has
   * `max_client_requests` (5 unless configured) calls open, keepalive pings included: stay below it.
   */
  readonly maxAtHost: number;
  /** Calls that wait here. */
  readonly maxWaiting: number;
  /** Bytes of calls that wait here. */
  readonly maxWaitingBytes: number;
}

export const defaultCallLimits: CallLimits = {
  maxAtHost: 4,
  maxWaiting: 1_000,
  maxWaitingBytes: 64 * 1_048_576,
};

/**
 * The calls of one connection: their serials, their deadlines, what waits, and what was given up.
 *
 * A call that is given up after it was sent keeps its place at the host until its late answer comes (which is
 * then ignored): the host is still at work on it.
 */
export class CallTable {
  readonly #peer: string;
  readonly #defaultTimeoutMs: number;
  readonly #limits: CallLimits;
  readonly #write: (packet: Buffer) => void;
  readonly #writable: () => boolean;
  readonly #waiting = new Map<number, PendingCall>();
  readonly #atHost = new Map<number, PendingCall>();
  readonly #givenUp = new Map<number, Procedure>();
  #waitingBytes = 0;
  #nextSerial = 1;
  /** Why nothing is taken any more. */
  #ended: LibvirtConnectionLost | undefined;

  constructor(options: {
    peer: string;
    defaultTimeoutMs: number;
    limits: CallLimits;
    write: (packet: Buffer) => void;
    /** Whether the stream takes more now; `pump` must be called when it does again. */
    writable: () => boolean;
  }) {
    this.#peer = options.peer;
    this.#defaultTimeoutMs = options.defaultTimeoutMs;
    this.#limits = options.limits;
    this.#write = options.write;
    this.#writable = options.writable;
  }

  /** Sends a call as soon as there is room and resolves with its decoded answer. */
  submit<T>(call: Call<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      call.signal?.throwIfAborted();
      const target = procedure(call.procedure);
      if (this.#ended !== undefined) throw this.#lost(target, false, this.#ended);
      const serial = this.#nextSerial;
      const packet = this.#seal(call, target, serial);
      this.#refuseIfFull(target, packet);
      this.#nextSerial = serial === 0xffff_ffff ? 1 : serial + 1;

      const timeoutMs = call.timeoutMs ?? this.#defaultTimeoutMs;
      const onAbort = (): void => this.#giveUp(serial, () => call.signal?.reason);
      // Timers run before sockets are read: after the deadline, take what has already come before giving up.
      const timer =
        timeoutMs <= maxTimerMs
          ? setTimeout(
              () =>
                setImmediate(() => this.#giveUp(serial, (sent) => this.#timeout(target, timeoutMs, sent))),
              timeoutMs,
            )
          : undefined;
      const finish = (): void => {
        clearTimeout(timer);
        call.signal?.removeEventListener('abort', onAbort);
      };
      call.signal?.addEventListener('abort', onAbort, { once: true });

      this.#waitingBytes += packet.length;
      this.#waiting.set(serial, {
        procedure: target,
        packet,
        read: (reader) => {
          const answer = call.decode(reader);
          reader.end();
          return () => {
            finish();
            resolve(answer);
            call.onAnswer?.(answer);
          };
        },
        fail: (error) => {
          finish();
          call.onFailure?.();
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      });
      this.pump();
    });
  }

  /** Sends what waits, as far as the host and the stream take it. */
  pump(): void {
    for (const [serial, call] of this.#waiting) {
      if (this.#atHost.size + this.#givenUp.size >= this.#limits.maxAtHost || !this.#writable()) return;
      this.#waiting.delete(serial);
      this.#waitingBytes -= call.packet.length;
      this.#atHost.set(serial, call);
      this.#write(call.packet);
    }
  }

  /**
   * Takes a reply. A body that can't be read rejects its call alone; a reply that nobody asked for throws
   * LibvirtProtocolError, because whatever comes after it can't be trusted either.
   */
  takeReply({ header, body }: Packet): void {
    const call = this.#atHost.get(header.serial);
    const asked = call?.procedure ?? this.#givenUp.get(header.serial);
    if (asked === undefined || asked.program.number !== header.program || asked.number !== header.procedure) {
      const expected = asked === undefined ? 'no such call is open' : `that serial belongs to ${asked.name}`;
      throw new LibvirtProtocolError(`${this.#peer} sent a ${describePacket(header)}: ${expected}`);
    }
    this.#atHost.delete(header.serial);
    this.#givenUp.delete(header.serial);
    if (call !== undefined) this.#answer(call, header.status, body);
    this.pump();
  }

  /** Makes a last call: what waits before it is rejected, and nothing is sent after it. What is at the host stays open. */
  submitLast<T>(call: Call<T>, reason: LibvirtConnectionLost): Promise<T> {
    this.#rejectWaiting(reason);
    const last = this.submit(call);
    this.#ended ??= reason;
    return last;
  }

  /** Rejects everything that is open or waits; nothing is sent from now on. */
  end(reason: LibvirtConnectionLost): void {
    this.#ended ??= reason;
    const open = [...this.#atHost.values()];
    this.#atHost.clear();
    this.#givenUp.clear();
    for (const call of open) call.fail(this.#lost(call.procedure, true, reason));
    this.#rejectWaiting(reason);
  }

  #rejectWaiting(reason: LibvirtConnectionLost): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#waitingBytes = 0;
    for (const call of waiting) call.fail(this.#lost(call.procedure, false, reason));
  }

  #seal<T>(call: Call<T>, target: Procedure, serial: number): Buffer {
    const writer = new XdrWriter(headerBytes);
    call.encode?.(writer);
    return sealPacket(writer, {
      program: target.program,
      procedure: target.number,
      type: PacketType.call,
      serial,
    });
  }

  #refuseIfFull(target: Procedure, packet: Buffer): void {
    const tooMany = this.#waiting.size >= this.#limits.maxWaiting;
    if (!tooMany && this.#waitingBytes + packet.length <= this.#limits.maxWaitingBytes) return;
    throw new LibvirtOverloaded(
      `${target.name} on ${this.#peer} was not sent: ${this.#waiting.size} calls (${this.#waitingBytes} bytes) ` +
        'wait on this connection already',
    );
  }

  #answer(call: PendingCall, status: number, body: Buffer): void {
    const name = call.procedure.name;
    const reader = new XdrReader(body, `a reply of ${this.#peer} to ${name}`);
    let settle: () => void;
    try {
      if (status === PacketStatus.ok) settle = call.read(reader);
      else if (status === PacketStatus.error) throw readRemoteError(reader, name);
      else throw new LibvirtProtocolError(`${this.#peer} answered ${name} with the unknown status ${status}`);
    } catch (error) {
      call.fail(error);
      return;
    }
    settle();
  }

  #giveUp(serial: number, reason: (sent: boolean) => unknown): void {
    const waiting = this.#waiting.get(serial);
    const open = this.#atHost.get(serial);
    if (waiting !== undefined) {
      this.#waiting.delete(serial);
      this.#waitingBytes -= waiting.packet.length;
      waiting.fail(reason(false));
    } else if (open !== undefined) {
      this.#atHost.delete(serial);
      this.#givenUp.set(serial, open.procedure);
      open.fail(reason(true));
    }
  }

  #timeout(target: Procedure, timeoutMs: number, sent: boolean): LibvirtTimeout {
    const busy = [...[...this.#atHost.values()].map((call) => call.procedure), ...this.#givenUp.values()];
    const message = sent
      ? `${target.name} on ${this.#peer} got no answer within ${timeoutMs} ms; it may still take effect`
      : `${target.name} on ${this.#peer} could not be sent within ${timeoutMs} ms: the host is still at work on ` +
        `${busy.length} calls (${busy.map((call) => call.name).join(', ')})`;
    return new LibvirtTimeout({ procedure: target.name, timeoutMs, sent, message });
  }

  #lost(target: Procedure, sent: boolean, reason: LibvirtConnectionLost): LibvirtConnectionLost {
    const effect = sent ? 'was sent and may have taken effect' : 'was not sent';
    return new LibvirtConnectionLost(`${reason.message}; ${target.name} ${effect}`, {
      call: { procedure: target.name, sent },
      cause: reason,
    });
  }
}
