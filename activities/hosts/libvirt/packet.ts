import { LibvirtProtocolError } from './errors.ts';
import type { Program } from './procedures.ts';
import { XdrReader, type XdrWriter } from './xdr.ts';

/** A packet's length word and its six-word header (virNetMessageHeader of virnetprotocol.x). */
export const headerBytes = 28;

/** VIR_NET_MESSAGE_MAX (32 MiB) and the length word, which that limit leaves out. */
export const maxPacketBytes = 33_554_432 + 4;

/** virNetMessageType. */
export const PacketType = { call: 0, reply: 1, event: 2, stream: 3 } as const;

/** virNetMessageStatus. */
export const PacketStatus = { ok: 0, error: 1, continue: 2 } as const;

/** Who a packet is for and what it is. */
export interface PacketHeader {
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  readonly type: number;
  readonly serial: number;
  readonly status: number;
}

/** A whole packet as it came. */
export interface Packet {
  readonly header: PacketHeader;
  /** What follows the header; it shares the receive buffer, so read it before the next one is asked for. */
  readonly body: Buffer;
}

/** One line that says which packet is meant, for messages. */
export function describePacket(header: PacketHeader): string {
  const types = ['call', 'reply', 'event', 'stream packet'];
  const type = types[header.type] ?? `packet of type ${header.type}`;
  return `${type} of program 0x${header.program.toString(16)}, procedure ${header.procedure}, serial ${header.serial}`;
}

/**
 * Completes a packet whose body `writer` holds behind `headerBytes` reserved ones.
 * Throws RangeError if it is larger than a peer would take.
 */
export function sealPacket(
  writer: XdrWriter,
  header: { program: Program; procedure: number; type: number; serial: number },
): Buffer {
  const packet = writer.bytes();
  if (packet.length > maxPacketBytes) {
    throw new RangeError(`a packet of ${packet.length} bytes is above libvirt's limit of ${maxPacketBytes}`);
  }
  packet.writeUInt32BE(packet.length, 0);
  packet.writeUInt32BE(header.program.number, 4);
  packet.writeUInt32BE(header.program.version, 8);
  packet.writeInt32BE(header.procedure, 12);
  packet.writeUInt32BE(header.type, 16);
  packet.writeUInt32BE(header.serial, 20);
  packet.writeUInt32BE(PacketStatus.ok, 24);
  return packet;
}

function readHeader(packet: Buffer): PacketHeader {
  const reader = new XdrReader(packet.subarray(4, headerBytes), 'a packet header');
  return {
    program: reader.u32('program'),
    version: reader.u32('version'),
    procedure: reader.i32('procedure'),
    type: reader.u32('type'),
    serial: reader.u32('serial'),
    status: reader.u32('status'),
  };
}

/**
 * Cuts a byte stream into packets.
 *
 * Bytes of an unfinished packet go into one buffer that doubles, up to the packet's length: each byte is copied
 * a bounded number of times, and a peer that announces 32 MiB and sends 10 bytes costs about 10 bytes.
 */
export class PacketSplitter {
  #partial = Buffer.alloc(0);
  #filled = 0;

  /** Takes what came and hands on every packet that is now whole. Throws LibvirtProtocolError on a bad length. */
  push(chunk: Buffer, onPacket: (packet: Packet) => void): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#filled === 0 && rest.length >= 4) {
        const length = this.#packetLength(rest);
        if (rest.length >= length) {
          onPacket(this.#packet(rest.subarray(0, length)));
          rest = rest.subarray(length);
          continue;
        }
      }
      rest = this.#collect(rest);
      if (this.#filled >= 4 && this.#filled === this.#packetLength(this.#partial)) {
        const whole = this.#partial.subarray(0, this.#filled);
        this.#partial = Buffer.alloc(0);
        this.#filled = 0;
        onPacket(this.#packet(whole));
      }
    }
  }

  /** What had come of a packet that is not whole, e.g. "40 of 132 bytes of a reply of ..."; undefined between packets. */
  describePartial(): string | undefined {
    if (this.#filled === 0) return undefined;
    if (this.#filled < 4) return `${this.#filled} of the 4 bytes of a packet's length`;
    const of = `${this.#filled} of ${this.#packetLength(this.#partial)} bytes of a`;
    if (this.#filled < headerBytes) return `${of} packet`;
    return `${of} ${describePacket(readHeader(this.#partial))}`;
  }

  #packet(whole: Buffer): Packet {
    return { header: readHeader(whole), body: whole.subarray(headerBytes) };
  }

  #packetLength(bytes: Buffer): number {
    const length = bytes.readUInt32BE(0);
    if (length < headerBytes || length > maxPacketBytes) {
      throw new LibvirtProtocolError(
        `a packet announces a length of ${length} bytes, outside ${headerBytes} to ${maxPacketBytes}`,
      );
    }
    return length;
  }

  /** Adds what belongs to the unfinished packet and returns what is left of `bytes`. */
  #collect(bytes: Buffer): Buffer {
    const wanted = this.#filled < 4 ? 4 : this.#packetLength(this.#partial);
    const count = Math.min(wanted - this.#filled, bytes.length);
    const needed = this.#filled + count;
    if (needed > this.#partial.length) {
      const capacity = Math.max(needed, Math.min(wanted, this.#partial.length * 2));
      const grown = Buffer.alloc(capacity);
      this.#partial.copy(grown, 0, 0, this.#filled);
      this.#partial = grown;
    }
    bytes.copy(this.#partial, this.#filled, 0, count);
    this.#filled = needed;
    return bytes.subarray(count);
  }
}
