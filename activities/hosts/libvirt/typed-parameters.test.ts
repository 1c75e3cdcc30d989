import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { body } from './fake-daemon.ts';
import { readTypedParameters, type TypedParameter, writeTypedParameters } from './typed-parameters.ts';
import { XdrReader } from './xdr.ts';

function reader(bytes: Buffer): XdrReader {
  return new XdrReader(bytes, 'a test');
}

describe('typed parameters', () => {
  it('come back as they were sent', () => {
    const text = fc.string().filter((value) => !value.includes('\0'));
    const parameter: fc.Arbitrary<TypedParameter> = fc.oneof(
      fc.record({ name: text, type: fc.constant('int' as const), value: fc.integer() }),
      fc.record({ name: text, type: fc.constant('uint' as const), value: fc.nat({ max: 0xffff_ffff }) }),
      fc.record({ name: text, type: fc.constant('llong' as const), value: fc.maxSafeInteger() }),
      fc.record({ name: text, type: fc.constant('ullong' as const), value: fc.maxSafeNat() }),
      fc.record({ name: text, type: fc.constant('double' as const), value: fc.double({ noNaN: true }) }),
      fc.record({ name: text, type: fc.constant('boolean' as const), value: fc.boolean() }),
      fc.record({ name: text, type: fc.constant('string' as const), value: text }),
    );
    const distinct = fc.uniqueArray(parameter, { selector: ({ name }) => name, maxLength: 20 });
    fc.assert(
      fc.property(distinct, (parameters) => {
        const bytes = body((writer) => writeTypedParameters(writer, parameters));
        expect(new Map(Object.entries(readTypedParameters(reader(bytes), 64)))).toEqual(
          new Map(parameters.map(({ name, value }) => [name, value])),
        );
      }),
    );
  });

  it('keep a name that JavaScript reserves as what it is: a name', () => {
    const bytes = body((writer) =>
      writeTypedParameters(writer, [{ name: '__proto__', type: 'int', value: 7 }]),
    );
    const read = readTypedParameters(reader(bytes), 64);
    expect(Object.entries(read)).toEqual([['__proto__', 7]]);
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
  });

  it('of an unknown type are refused by name', () => {
    const bytes = body((writer) => writer.u32(1).string('vcpu.mood').i32(8).u32(0));
    expect(() => readTypedParameters(reader(bytes), 64)).toThrow(/vcpu.mood has the unknown type 8/);
  });

  it('are not sent where a value does not suit its type', () => {
    const sent = (parameter: TypedParameter) => (): unknown =>
      body((writer) => writeTypedParameters(writer, [parameter]));
    expect(sent({ name: 'bandwidth', type: 'ullong', value: '10' })).toThrow(
      'bandwidth must be a ullong and is a string',
    );
    expect(sent({ name: 'migrate_uri', type: 'string', value: 10 })).toThrow(
      'migrate_uri must be a string and is a number',
    );
    expect(sent({ name: 'bandwidth', type: 'ullong', value: -1 })).toThrow(RangeError);
    expect(sent({ name: 'bandwidth', type: 'ullong', value: 0.5 })).toThrow(RangeError);
  });
});
