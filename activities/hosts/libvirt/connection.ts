import type { Duplex } from 'node:stream';
import { type Call, type CallLimits, CallTable, defaultCallLimits } from './calls.ts';
import { LibvirtConnectionLost, LibvirtProtocolError } from './errors.ts';
import { EventRoutes } from './event-routes.ts';
import { Keepalive } from './keepalive.ts';
import {
  describePacket,
  headerBytes,
  type Packet,
  PacketSplitter,
  PacketType,
  sealPacket,
} from './packet.ts';
import { domainEvents, keepaliveProgram, monitorEvent, qemuProgram, remoteProgram } from './procedures.ts';
import { XdrReader, XdrWriter } from './xdr.ts';

/** keepalive_procedure of virkeepaliveprotocol.x. */
const ping = 1;
const pong = 2;

const programs = [remoteProgram, qemuProgram, keepaliveProgram];
const eventProcedures = new Set<number>(Object.values(domainEvents).map((event) => event.procedure));

/** How a connection behaves. */
export interface ConnectionOptions {
  /** What messages call the other end, e.g. "10.0.0.11:16509". */
  readonly peer: string;
  /** The bound of a call that names none, in milliseconds. */
  readonly timeoutMs: number;
  readonly limits?: CallLimits | undefined;
}

/**
 * One connection to a libvirt daemon: calls out, answers and events in, over any byte stream.
 *
 * What comes is handled strictly in the order in which it came: when a call resolves, every event that the host
 * sent before its answer has been given to its listener. A packet that breaks the protocol ends the connection.
 */
export class Connection {
  readonly peer: string;
  readonly events = new EventRoutes();
  /** Resolves, never rejects, with the reason once the connection has ended. */
  readonly closed: Promise<Error>;
  readonly #stream: Duplex;
  readonly #splitter = new PacketSplitter();
  readonly #calls: CallTable;
  #keepalive: Keepalive | undefined;
  #pongUnderWay = false;
  #ended = false;
  #resolveClosed: (reason: Error) => void;

  constructor(stream: Duplex, options: ConnectionOptions) {
    this.peer = options.peer;
    this.#stream = stream;
    const closed = Promise.withResolvers<Error>();
    this.closed = closed.promise;
    this.#resolveClosed = closed.resolve;
    this.#calls = new CallTable({
      peer: options.peer,
      defaultTimeoutMs: options.timeoutMs,
      limits: options.limits ?? defaultCallLimits,
      write: (packet) => stream.write(packet),
      writable: () => !stream.writableNeedDrain,
    });
    stream.on('data', (chunk: Buffer) => this.#receive(chunk));
    stream.on('drain', () => this.#calls.pump());
    stream.on('error', (error) => this.#lost(`the connection failed: ${error.message}`, error));
    stream.on('end', () => this.#lost('the peer closed the connection'));
    stream.on('close', () => this.#lost('the connection was closed'));
  }

  /** Makes a call. Rejects with LibvirtError, LibvirtTimeout, LibvirtConnectionLost, LibvirtProtocolError or LibvirtOverloaded. */
  call<T>(call: Call<T>): Promise<T> {
    return this.#calls.submit(call);
  }

  /** Makes the connection's last call: what waits for its turn is rejected, and nothing is sent after it. */
  callLast<T>(call: Call<T>): Promise<T> {
    return this.#calls.submitLast(call, this.#closedHere());
  }

  /** Starts to ping. Without this pings of the peer are answered all the same. */
  startKeepalive(options: { intervalMs: number; count: number }): void {
    this.#keepalive?.stop();
    this.#keepalive = new Keepalive({
      ...options,
      // A peer that doesn't read gets no more of them, so that they can't pile up here.
      ping: () => {
        if (!this.#stream.writableNeedDrain) this.#stream.write(keepalivePacket(ping));
      },
      dead: (silentMs) =>
        this.#lost(`nothing came for ${Math.round(silentMs)} ms and ${options.count} pings went unanswered`),
    });
    this.#keepalive.start();
  }

  /** Ends the connection; open calls reject with LibvirtConnectionLost. Does nothing if it has ended. */
  close(): void {
    this.#end(this.#closedHere());
  }

  #closedHere(): LibvirtConnectionLost {
    return new LibvirtConnectionLost(`${this.peer}: this side closed the connection`);
  }

  #receive(chunk: Buffer): void {
    this.#keepalive?.heard();
    try {
      this.#splitter.push(chunk, (packet) => {
        if (!this.#ended) this.#dispatch(packet);
      });
    } catch (error) {
      if (!(error instanceof LibvirtProtocolError)) throw error;
      this.#end(
        new LibvirtConnectionLost(`${this.peer} broke libvirt's protocol: ${error.message}`, {
          cause: error,
        }),
      );
    }
  }

  #dispatch(packet: Packet): void {
    const { header } = packet;
    const program = programs.find(({ number }) => number === header.program);
    if (program === undefined || program.version !== header.version) {
      throw new LibvirtProtocolError(
        `a ${describePacket(header)}, version ${header.version}: no such program`,
      );
    }
    if (program === keepaliveProgram) this.#takeKeepalive(packet);
    else if (header.type === PacketType.reply) this.#calls.takeReply(packet);
    else if (header.type === PacketType.event) this.#takeEvent(packet);
    else
      throw new LibvirtProtocolError(
        `a ${describePacket(header)}, which a client that asked for none must not get`,
      );
  }

  #takeEvent({ header, body }: Packet): void {
    const isKnown =
      header.program === remoteProgram.number
        ? eventProcedures.has(header.procedure)
        : header.procedure === monitorEvent.procedure;
    if (!isKnown) return;
    this.events.take(header.procedure, new XdrReader(body, `an event of procedure ${header.procedure}`));
  }

  #takeKeepalive({ header, body }: Packet): void {
    const known = header.procedure === ping || header.procedure === pong;
    if (!known || header.type !== PacketType.event || body.length > 0) {
      throw new LibvirtProtocolError(
        `a ${describePacket(header)} with ${body.length} bytes is no ping and no pong`,
      );
    }
    // One pong at a time: a peer that pings without reading makes nothing grow here.
    if (header.procedure !== ping || this.#pongUnderWay) return;
    this.#pongUnderWay = true;
    this.#stream.write(keepalivePacket(pong), () => {
      this.#pongUnderWay = false;
    });
  }

  #lost(why: string, cause?: Error): void {
    if (this.#ended) return;
    const partial = this.#splitter.describePartial();
    const cut = partial === undefined ? '' : `, with ${partial} received`;
    this.#end(new LibvirtConnectionLost(`${this.peer}: ${why}${cut}`, cause === undefined ? {} : { cause }));
  }

  #end(reason: LibvirtConnectionLost): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#keepalive?.stop();
    this.#stream.destroy();
    this.#calls.end(reason);
    this.#resolveClosed(reason);
  }
}

function keepalivePacket(procedure: number): Buffer {
  return sealPacket(new XdrWriter(headerBytes), {
    program: keepaliveProgram,
    procedure,
    type: PacketType.event,
    serial: 0,
  });
}
