/**
 * The line between two ends of libvirt's protocol, as a proxy that knows what passes: it can hold one packet back at
 * its moment, and go dead. Whoever strikes while a packet is held strikes at that very moment, however busy the machine.
 */
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  headerBytes,
  PacketSplitter,
  PacketType,
  type Packet,
} from '../../../activities/hosts/libvirt/packet.ts';
import type { LabHost } from '../../../lab/lab.ts';
import { standInFor, uriAt } from '../stand-in.ts';

/** What a line can be told to hold. */
export type Match = (packet: Packet) => boolean;

/** A packet that is held, once it has come. */
export class Held {
  readonly #came = Promise.withResolvers<void>();
  readonly #goes = Promise.withResolvers<boolean>();
  readonly match: Match;

  constructor(match: Match) {
    this.match = match;
  }

  /** Resolves as the packet comes; it, and what follows it the same way, waits. */
  get came(): Promise<void> {
    return this.#came.promise;
  }

  release(): void {
    this.#goes.resolve(true);
  }

  /** It never arrives; what follows it does. */
  drop(): void {
    this.#goes.resolve(false);
  }

  /** For the line: the packet is there. @returns whether it may pass */
  arrive(): Promise<boolean> {
    this.#came.resolve();
    return this.#goes.promise;
  }
}

/** A call that went to the host. */
export interface Passed {
  readonly atMs: number;
  readonly packet: Packet;
}

export class Line implements AsyncDisposable {
  readonly #server: Server;
  readonly #host: LabHost;
  readonly #address: string;
  readonly #ends = new Set<Duplex>();
  #holds: Held[] = [];
  #isCut = false;
  /** Every call that went to the host, in order. */
  readonly passed: Passed[] = [];

  private constructor(target: LabHost, address: string) {
    this.#host = target;
    this.#address = address;
    this.#server = standInFor(target, {
      onPair: (caller, host) => {
        this.#join(caller, host);
        this.#join(host, caller);
      },
      isSilent: () => this.#isCut,
      onUnanswered: (caller) => {
        this.#ends.add(caller);
        caller.on('close', () => this.#ends.delete(caller)).resume();
      },
    });
  }

  /** @param at the address of this machine at which the line begins */
  static async to(host: LabHost, at = '127.0.0.1'): Promise<Line> {
    const line = new Line(host, at);
    line.#server.listen(0, at);
    await once(line.#server, 'listening');
    return line;
  }

  get uri(): string {
    return uriAt(this.#host, this.#address, (this.#server.address() as AddressInfo).port);
  }

  /** Holds the next packet that matches, of whatever connection. */
  hold(match: Match): Held {
    const held = new Held(match);
    this.#holds.push(held);
    return held;
  }

  /** From now on nothing passes, and no connection ends. */
  cut(): void {
    this.#isCut = true;
  }

  /** New connections pass again; those that were cut end. */
  mend(): void {
    this.#isCut = false;
    this.#endAll();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#endAll();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #endAll(): void {
    for (const end of this.#ends) end.destroy();
    for (const held of this.#holds.splice(0)) held.drop();
  }

  #join(from: Duplex, to: Duplex): void {
    this.#ends.add(from);
    const splitter = new PacketSplitter();
    let before = Promise.resolve();
    const wasCut = this.#isCut;
    from.on('data', (chunk: Buffer) => {
      splitter.push(chunk, (packet) => {
        const bytes = wholeOf(packet);
        const held = this.#holds.find(({ match }) => match(packet));
        if (held) this.#holds = this.#holds.filter((each) => each !== held);
        const own = { header: packet.header, body: bytes.subarray(headerBytes) };
        const goes = held ? held.arrive() : true;
        before = pass(before, async () => {
          if (!(await goes) || this.#isCut || wasCut || to.destroyed) return;
          if (own.header.type === PacketType.call) this.passed.push({ atMs: performance.now(), packet: own });
          to.write(bytes);
        });
      });
    });
    from.on('close', () => {
      this.#ends.delete(from);
      void pass(before, async () => {
        if (!this.#isCut) to.destroy();
      });
    });
  }
}

async function pass(before: Promise<void>, next: () => Promise<void>): Promise<void> {
  await before;
  await next();
}

/** A packet's bytes as they came, in memory of their own. */
function wholeOf({ header, body }: Packet): Buffer {
  const bytes = Buffer.alloc(headerBytes + body.length);
  const words = [header.program, header.version, header.procedure, header.type, header.serial, header.status];
  bytes.writeUInt32BE(bytes.length, 0);
  for (const [place, word] of words.entries()) bytes.writeUInt32BE(word >>> 0, 4 + place * 4);
  body.copy(bytes, headerBytes);
  return bytes;
}
