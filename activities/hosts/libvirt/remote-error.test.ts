import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorCodeName, errorDomainName } from './error-codes.ts';
import { body, errorBody, readsOrRefuses } from './fake-daemon.ts';
import { readRemoteError } from './remote-error.ts';
import { XdrReader } from './xdr.ts';

function read(bytes: Buffer): unknown {
  return readRemoteError(new XdrReader(bytes, 'an error reply'), 'DOMAIN_GET_STATE');
}

describe('an error reply', () => {
  it('is read whole, with every nested field there', () => {
    const uuid = Buffer.alloc(16, 3);
    const bytes = body((writer) =>
      writer
        .i32(999)
        .i32(998)
        .optionalString('something new')
        .i32(1)
        .bool(true)
        .string('web1')
        .fixedOpaque(uuid)
        .i32(7)
        .optionalString('first')
        .optionalString(undefined)
        .optionalString('third')
        .i32(1)
        .i32(2)
        .bool(true)
        .string('net')
        .fixedOpaque(uuid),
    );
    expect(read(bytes)).toMatchObject({
      code: 999,
      codeName: 'unknown (999)',
      domain: 998,
      domainName: 'unknown (998)',
      message: 'something new',
      level: 1,
      details: ['first', 'third'],
      procedure: 'DOMAIN_GET_STATE',
    });
  });

  it('with a tail or cut anywhere is refused', () => {
    const whole = errorBody(42, 'Domain not found');
    expect(() => read(Buffer.concat([whole, Buffer.alloc(4)]))).toThrow(
      /4 bytes follow that should not be there/,
    );
    for (let length = 0; length < whole.length; length += 1) {
      expect(() => read(whole.subarray(0, length))).toThrow(/an error reply, byte \d+ of/);
    }
  });

  it('of random bytes is read or refused', () => {
    const words = fc.array(fc.nat({ max: 3 }), { maxLength: 30 });
    fc.assert(
      fc.property(words, (list) => {
        const bytes = body((writer) => list.map((word) => writer.u32(word)));
        expect(readsOrRefuses(() => read(bytes))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it("names codes and domains by libvirt's own names", () => {
    expect([0, 1, 9, 38, 42, 55, 68, 78, 84, 110].map(errorCodeName)).toEqual([
      'OK',
      'INTERNAL_ERROR',
      'OPERATION_FAILED',
      'SYSTEM_ERROR',
      'NO_DOMAIN',
      'OPERATION_INVALID',
      'OPERATION_TIMEOUT',
      'OPERATION_ABORTED',
      'OPERATION_UNSUPPORTED',
      'MULTIPLE_DOMAINS',
    ]);
    expect([0, 7, 10, 18, 72].map(errorDomainName)).toEqual(['NONE', 'RPC', 'QEMU', 'STORAGE', 'CH']);
  });
});
