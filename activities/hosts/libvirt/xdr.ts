import { LibvirtProtocolError } from './errors.ts';

/** REMOTE_STRING_MAX of remote_protocol.x and VIR_NET_MESSAGE_STRING_MAX of virnetprotocol.x: 4 MiB. */
export const maxStringBytes = 4_194_304;

const initialCapacity = 256;

/** XDR pads every value to a multiple of four bytes (RFC 4506, section 3). */
function padding(length: number): number {
  return (4 - (length % 4)) % 4;
}

/** Writes XDR values (RFC 4506) into a buffer that grows as needed. Refuses with a RangeError what can't be sent. */
export class XdrWriter {
  #buffer: Buffer;
  #length: number;

  /** `reserved` zero bytes are left at the front, for a header that is filled in later. */
  constructor(reserved = 0) {
    this.#buffer = Buffer.alloc(Math.max(initialCapacity, reserved));
    this.#length = reserved;
  }

  get length(): number {
    return this.#length;
  }

  /** Makes room for `count` more bytes and returns it, zeroed. */
  #claim(count: number): Buffer {
    const at = this.#length;
    const needed = at + count;
    if (needed > this.#buffer.length) {
      const grown = Buffer.alloc(Math.max(needed, this.#buffer.length * 2));
      this.#buffer.copy(grown, 0, 0, at);
      this.#buffer = grown;
    }
    this.#length = needed;
    return this.#buffer.subarray(at, needed);
  }

  u32(value: number): this {
    this.#claim(4).writeUInt32BE(value);
    return this;
  }

  i32(value: number): this {
    this.#claim(4).writeInt32BE(value);
    return this;
  }

  bool(value: boolean): this {
    return this.u32(value ? 1 : 0);
  }

  /** An unsigned 64-bit number. */
  u64(value: number | bigint): this {
    this.#claim(8).writeBigUInt64BE(BigInt(value));
    return this;
  }

  /** A signed 64-bit number. */
  i64(value: number | bigint): this {
    this.#claim(8).writeBigInt64BE(BigInt(value));
    return this;
  }

  double(value: number): this {
    this.#claim(8).writeDoubleBE(value);
    return this;
  }

  /** Bytes of a length that both sides know, such as a UUID. */
  fixedOpaque(bytes: Uint8Array): this {
    this.#claim(bytes.length + padding(bytes.length)).set(bytes);
    return this;
  }

  opaque(bytes: Uint8Array): this {
    return this.u32(bytes.length).fixedOpaque(bytes);
  }

  /** A string of at most 4 MiB in UTF-8. A NUL would end it early at the host, so it is refused. */
  string(text: string): this {
    const bytes = Buffer.from(text);
    if (bytes.length > maxStringBytes) {
      throw new RangeError(`a string of ${bytes.length} bytes is above libvirt's limit of ${maxStringBytes}`);
    }
    if (bytes.includes(0)) throw new RangeError('a string with a NUL byte can not be sent to libvirt');
    return this.opaque(bytes);
  }

  optional<T>(value: T | undefined, write: (value: T) => unknown): this {
    this.bool(value !== undefined);
    if (value !== undefined) write(value);
    return this;
  }

  optionalString(text: string | undefined): this {
    return this.optional(text, (present) => this.string(present));
  }

  array<T>(values: readonly T[], write: (value: T) => unknown): this {
    this.u32(values.length);
    for (const value of values) write(value);
    return this;
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }
}

/**
 * Reads XDR values from one packet's bytes. Every length is held against what is there and against the
 * protocol's limit before anything is allocated; what doesn't fit throws LibvirtProtocolError.
 */
export class XdrReader {
  readonly #buffer: Buffer;
  readonly #what: string;
  #at = 0;

  /** `what` names the packet in error messages, e.g. "a reply to DOMAIN_GET_STATE". */
  constructor(buffer: Buffer, what: string) {
    this.#buffer = buffer;
    this.#what = what;
  }

  get remaining(): number {
    return this.#buffer.length - this.#at;
  }

  #broken(problem: string): LibvirtProtocolError {
    return new LibvirtProtocolError(`${this.#what}, byte ${this.#at} of ${this.#buffer.length}: ${problem}`);
  }

  #take(count: number, field: string): number {
    const at = this.#at;
    if (count > this.remaining) {
      throw this.#broken(`${field} needs ${count} bytes, ${this.remaining} are left`);
    }
    this.#at = at + count;
    return at;
  }

  u32(field: string): number {
    return this.#buffer.readUInt32BE(this.#take(4, field));
  }

  i32(field: string): number {
    return this.#buffer.readInt32BE(this.#take(4, field));
  }

  bool(field: string): boolean {
    const value = this.u32(field);
    if (value > 1) {
      this.#at -= 4;
      throw this.#broken(`${field} must be 0 or 1 and is ${value}`);
    }
    return value === 1;
  }

  u64(field: string): bigint {
    return this.#buffer.readBigUInt64BE(this.#take(8, field));
  }

  /**
   * An unsigned 64-bit number as a number: exact up to 2^53 - 1, above it the nearest one that a double holds
   * (off by less than one part in 10^15). Counters and sizes stay plain numbers, which JSON can carry.
   */
  u64Number(field: string): number {
    return Number(this.u64(field));
  }

  /** A signed 64-bit number as a number, exact between -(2^53 - 1) and 2^53 - 1, else the nearest double. */
  i64Number(field: string): number {
    return Number(this.#buffer.readBigInt64BE(this.#take(8, field)));
  }

  double(field: string): number {
    return this.#buffer.readDoubleBE(this.#take(8, field));
  }

  /** A view of `length` bytes and past their padding; it shares the packet's memory. */
  fixedOpaque(length: number, field: string): Buffer {
    const at = this.#take(length + padding(length), field);
    return this.#buffer.subarray(at, at + length);
  }

  opaque(max: number, field: string): Buffer {
    const length = this.u32(`${field}'s length`);
    if (length > max) throw this.#broken(`${field} of ${length} bytes is above the limit of ${max}`);
    return this.fixedOpaque(length, field);
  }

  /** A string; bytes that are not UTF-8 read as U+FFFD, so that an error text never hides behind its encoding. */
  string(field: string, max: number = maxStringBytes): string {
    return this.opaque(max, field).toString('utf8');
  }

  optional<T>(field: string, read: () => T): T | undefined {
    return this.bool(`whether ${field} follows`) ? read() : undefined;
  }

  optionalString(field: string): string | undefined {
    return this.optional(field, () => this.string(field));
  }

  /** An array of at most `max` elements, each of which takes at least four bytes of the packet. */
  array<T>(field: string, max: number, read: () => T): T[] {
    const count = this.u32(`the number of ${field}`);
    if (count > max) throw this.#broken(`${count} ${field} are above the limit of ${max}`);
    if (count * 4 > this.remaining) {
      throw this.#broken(`${count} ${field} are announced, ${this.remaining} bytes are left`);
    }
    return Array.from({ length: count }, read);
  }

  /** Everything that is left, as it is. */
  rest(): Buffer {
    const at = this.#take(this.remaining, 'the rest');
    return this.#buffer.subarray(at);
  }

  /** Holds that nothing is left: a packet with a tail is not the packet it says it is. */
  end(): void {
    if (this.remaining > 0) throw this.#broken(`${this.remaining} bytes follow that should not be there`);
  }
}
