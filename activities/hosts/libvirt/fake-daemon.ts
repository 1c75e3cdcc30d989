/** A libvirt daemon for tests, in memory: it records what the client sends and says what the test tells it to. */
import { type Duplex, duplexPair } from 'node:stream';
import type { CallLimits } from './calls.ts';
import { Connection } from './connection.ts';
import { LibvirtProtocolError } from './errors.ts';
import { headerBytes, type Packet, PacketSplitter, PacketStatus, PacketType } from './packet.ts';
import { keepaliveProgram, procedure, type ProcedureName, remoteProgram } from './procedures.ts';
import { XdrReader, XdrWriter } from './xdr.ts';

/** Makes any packet, lies included. What is left out is that of a good reply to `serial` 1. */
export function packetBytes(
  parts: {
    length?: number;
    program?: number;
    version?: number;
    procedure?: number;
    type?: number;
    serial?: number;
    status?: number;
    body?: Uint8Array;
  } = {},
): Buffer {
  const body = parts.body ?? new Uint8Array();
  const header = new XdrWriter()
    .u32(parts.length ?? headerBytes + body.length)
    .u32(parts.program ?? remoteProgram.number)
    .u32(parts.version ?? 1)
    .i32(parts.procedure ?? 0)
    .u32(parts.type ?? PacketType.reply)
    .u32(parts.serial ?? 1)
    .u32(parts.status ?? PacketStatus.ok);
  return Buffer.concat([header.bytes(), body]);
}

/** A packet's body, written as the test likes. */
export function body(write: (writer: XdrWriter) => unknown): Buffer {
  const writer = new XdrWriter();
  write(writer);
  return writer.bytes();
}

/** An error reply's body as libvirtd sends it: with nothing in the nested fields. */
export function errorBody(code: number, message: string): Buffer {
  return body((writer) =>
    writer
      .i32(code)
      .i32(10)
      .optionalString(message)
      .i32(2)
      .bool(false)
      .bool(false)
      .bool(false)
      .bool(false)
      .i32(-1)
      .i32(-1)
      .bool(false),
  );
}

/** The host's end of a connection. */
export class FakeDaemon {
  readonly stream: Duplex;
  /** Every call that came, in order. Pings and pongs are in `keepalives`. */
  readonly calls: Packet[] = [];
  /** Procedures of the keepalive program that came: 1 is a ping, 2 a pong. */
  readonly keepalives: number[] = [];
  readonly #splitter = new PacketSplitter();
  #onCall: ((call: Packet) => void) | undefined;
  #waiters: (() => void)[] = [];

  constructor(stream: Duplex, onCall?: (call: Packet, daemon: FakeDaemon) => void) {
    this.stream = stream;
    this.#onCall = onCall === undefined ? undefined : (call) => onCall(call, this);
    // The client may cut the connection at any time.
    stream.on('error', () => undefined);
    stream.on('data', (chunk: Buffer) => this.#splitter.push(chunk, (packet) => this.#take(packet)));
  }

  /** Resolves once `count` calls have come. */
  async received(count: number): Promise<void> {
    await this.#until(() => this.calls.length >= count);
  }

  /** Resolves once `count` keepalive packets have come. */
  async heard(count: number): Promise<void> {
    await this.#until(() => this.keepalives.length >= count);
  }

  reply(
    call: Packet | undefined,
    answer: Uint8Array = new Uint8Array(),
    status: number = PacketStatus.ok,
  ): void {
    if (call === undefined) throw new Error('there is no such call to answer');
    const { serial, procedure, program } = call.header;
    this.stream.write(packetBytes({ serial, procedure, program, status, body: answer }));
  }

  event(procedureNumber: number, message: Uint8Array): void {
    this.stream.write(
      packetBytes({ procedure: procedureNumber, type: PacketType.event, serial: 0, body: message }),
    );
  }

  ping(): void {
    this.stream.write(
      packetBytes({ program: keepaliveProgram.number, procedure: 1, type: PacketType.event, serial: 0 }),
    );
  }

  #take(packet: Packet): void {
    if (packet.header.program === keepaliveProgram.number) this.keepalives.push(packet.header.procedure);
    else {
      this.calls.push(packet);
      this.#onCall?.(packet);
    }
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      await new Promise<void>((wake) => {
        this.#waiters.push(wake);
      });
    }
  }
}

/** A connection and the daemon at its other end. */
export function connectFake(options: { timeoutMs?: number; limits?: CallLimits } = {}): {
  connection: Connection;
  daemon: FakeDaemon;
} {
  const [clientEnd, daemonEnd] = duplexPair();
  const connection = new Connection(clientEnd, {
    peer: 'the fake daemon',
    timeoutMs: options.timeoutMs ?? 60_000,
    limits: options.limits,
  });
  return { connection, daemon: new FakeDaemon(daemonEnd) };
}

/** Answers the opening of a client, and hands every other call on. */
export function answerOpening(call: Packet, daemon: FakeDaemon): boolean {
  const answers = new Map<number, Buffer>([
    [procedure('AUTH_LIST').number, body((writer) => writer.array([0], (type) => writer.i32(type)))],
    [procedure('CONNECT_SUPPORTS_FEATURE').number, body((writer) => writer.i32(1))],
    [procedure('CONNECT_OPEN').number, Buffer.alloc(0)],
    [procedure('CONNECT_CLOSE').number, Buffer.alloc(0)],
  ]);
  const answer = answers.get(call.header.procedure);
  if (answer === undefined) return false;
  daemon.reply(call, answer);
  return true;
}

/** A call that asks for the host name, by `hostname` or by any other name. */
export function ask(
  connection: Connection,
  options: { timeoutMs?: number; signal?: AbortSignal; procedure?: ProcedureName } = {},
): Promise<string> {
  return connection.call({
    procedure: 'CONNECT_GET_HOSTNAME',
    decode: (reader) => reader.string('the host name'),
    ...options,
  });
}

/** The answer to `ask`. */
export function hostNameBody(name: string): Buffer {
  return body((writer) => writer.string(name));
}

/** Reads a call's arguments. */
export function argumentsOf(call: Packet | undefined): XdrReader {
  if (call === undefined) throw new Error('there is no such call');
  return new XdrReader(call.body, 'the arguments');
}

/** The error that a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error(`resolved with ${JSON.stringify(value)} where a rejection was expected`);
    },
    (error: unknown) => error,
  );
}

/** Whether reading succeeds or is refused as it should be: with a LibvirtProtocolError. */
export function readsOrRefuses(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    return error instanceof LibvirtProtocolError;
  }
}
