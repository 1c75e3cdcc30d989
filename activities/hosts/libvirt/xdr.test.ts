import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LibvirtProtocolError } from './errors.ts';
import { readsOrRefuses } from './fake-daemon.ts';
import { maxStringBytes, XdrReader, XdrWriter } from './xdr.ts';

function reader(bytes: readonly number[]): XdrReader {
  return new XdrReader(Buffer.from(bytes), 'a test packet');
}

const sendable = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0') && text.isWellFormed());

describe('XDR', () => {
  it('writes what RFC 4506 prescribes', () => {
    const bytes = new XdrWriter()
      .u32(1)
      .i32(-2)
      .u64(3n)
      .bool(true)
      .string('abcde')
      .optionalString(undefined)
      .bytes();
    expect(bytes.toString('hex')).toBe(
      [
        '00000001',
        'fffffffe',
        '0000000000000003',
        '00000001',
        '00000005',
        '6162636465000000',
        '00000000',
      ].join(''),
    );
  });

  it('reads back every value that it wrote', () => {
    const value = fc.record({
      u32: fc.nat({ max: 0xffff_ffff }),
      i32: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
      u64: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
      i64: fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER }),
      double: fc.double({ noNaN: true }),
      bool: fc.boolean(),
      text: sendable,
      maybe: fc.option(sendable, { nil: undefined }),
      bytes: fc.uint8Array({ maxLength: 300 }),
      list: fc.array(sendable),
    });
    fc.assert(
      fc.property(value, (sent) => {
        const writer = new XdrWriter();
        writer.u32(sent.u32).i32(sent.i32).u64(sent.u64).i64(sent.i64).double(sent.double).bool(sent.bool);
        writer.string(sent.text).optionalString(sent.maybe).opaque(sent.bytes);
        writer.array(sent.list, (text) => writer.string(text));
        const read = new XdrReader(writer.bytes(), 'a round trip');
        expect({
          u32: read.u32('u32'),
          i32: read.i32('i32'),
          u64: read.u64('u64'),
          i64: read.i64Number('i64'),
          double: read.double('double'),
          bool: read.bool('bool'),
          text: read.string('text'),
          maybe: read.optionalString('maybe'),
          bytes: new Uint8Array(read.opaque(300, 'bytes')),
          list: read.array('list', 1_000, () => read.string('an element')),
        }).toEqual(sent);
        read.end();
      }),
    );
  });

  it('keeps 64-bit numbers exact up to 2^53 - 1 and gives the nearest double above', () => {
    const bytes = new XdrWriter().u64(Number.MAX_SAFE_INTEGER).u64(0xffff_ffff_ffff_ffffn).i64(-1).bytes();
    const read = new XdrReader(bytes, 'numbers');
    expect(read.u64Number('exact')).toBe(Number.MAX_SAFE_INTEGER);
    expect(read.u64Number('the largest')).toBe(2 ** 64);
    expect(read.i64Number('signed')).toBe(-1);
  });

  it.each([
    [
      'a word that is cut',
      [0, 0, 1],
      (read: XdrReader) => read.u32('word'),
      /word needs 4 bytes, 3 are left/,
    ],
    [
      'a string longer than the packet',
      [0, 0, 0, 9, 65, 66, 67, 68],
      (read: XdrReader) => read.string('name'),
      /byte 4 of 8: name needs 12 bytes, 4 are left/,
    ],
    [
      'a string above the limit',
      [0xff, 0xff, 0xff, 0xff],
      (read: XdrReader) => read.string('name'),
      /name of 4294967295 bytes is above the limit of 4194304/,
    ],
    [
      'an array that announces more than could be there',
      [0, 0, 0x40, 0],
      (read: XdrReader) => read.array('names', 16_384, () => read.string('name')),
      /16384 names are announced, 0 bytes are left/,
    ],
    [
      'an array above the limit',
      [0xff, 0xff, 0xff, 0xff],
      (read: XdrReader) => read.array('names', 16_384, () => read.string('name')),
      /4294967295 names are above the limit of 16384/,
    ],
    [
      'a truth value of 2',
      [0, 0, 0, 2],
      (read: XdrReader) => read.optionalString('name'),
      /whether name follows must be 0 or 1 and is 2/,
    ],
    ['a tail', [0, 0, 0, 0], (read: XdrReader) => read.end(), /4 bytes follow that should not be there/],
  ])('refuses %s and says where', (_what, bytes, read, message) => {
    const tried = (): unknown => read(reader(bytes));
    expect(tried).toThrow(LibvirtProtocolError);
    expect(tried).toThrow(message);
    expect(tried).toThrow(/^a test packet, byte \d+ of \d+: /);
  });

  it('never throws anything but LibvirtProtocolError on random bytes', () => {
    const readAll = (read: XdrReader): void => {
      read.array('lists', 16_384, () => [
        read.optionalString('text'),
        read.u64('number'),
        read.array('bytes', 64, () => read.opaque(16, 'byte')),
      ]);
      read.double('double');
      read.end();
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(readsOrRefuses(() => readAll(new XdrReader(Buffer.from(bytes), 'random bytes')))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('refuses to send a string that a host would cut or not take', () => {
    expect(() => new XdrWriter().string('web1\0evil')).toThrow(/NUL/);
    expect(() => new XdrWriter().string('x'.repeat(maxStringBytes + 1))).toThrow(/4194305 bytes is above/);
    expect(new XdrWriter().string('x'.repeat(maxStringBytes)).length).toBe(maxStringBytes + 4);
  });

  it('shows bytes that are not UTF-8 instead of failing on them', () => {
    expect(reader([0, 0, 0, 2, 0xff, 65, 0, 0]).string('message')).toBe('\ufffdA');
  });
});
