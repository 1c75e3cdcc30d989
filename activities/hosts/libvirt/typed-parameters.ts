import { LibvirtProtocolError } from './errors.ts';
import type { XdrReader, XdrWriter } from './xdr.ts';

/** virTypedParameterType of libvirt-common.h. */
const ParameterType = { int: 1, uint: 2, llong: 3, ullong: 4, double: 5, boolean: 6, string: 7 } as const;

/** The wire type of a typed parameter. */
export type ParameterTypeName = keyof typeof ParameterType;

/**
 * The value of a typed parameter as it is read. 64-bit numbers are numbers: exact up to 2^53 - 1, the nearest
 * double above.
 */
export type ParameterValue = string | number | boolean;

/** A typed parameter to be sent. */
export interface TypedParameter {
  readonly name: string;
  readonly type: ParameterTypeName;
  readonly value: ParameterValue | bigint;
}

/** Reads at most `max` typed parameters (remote_typed_param of remote_protocol.x). The last of a name counts. */
export function readTypedParameters(reader: XdrReader, max: number): Record<string, ParameterValue> {
  const entries = reader.array('typed parameters', max, (): [string, ParameterValue] => {
    const name = reader.string("a typed parameter's name");
    return [name, readValue(reader, name)];
  });
  // fromEntries makes an own property of any name that a peer may send, __proto__ included.
  return Object.fromEntries(entries);
}

function readValue(reader: XdrReader, name: string): ParameterValue {
  const type = reader.i32(`the type of ${name}`);
  switch (type) {
    case ParameterType.int:
      return reader.i32(name);
    case ParameterType.uint:
      return reader.u32(name);
    case ParameterType.llong:
      return reader.i64Number(name);
    case ParameterType.ullong:
      return reader.u64Number(name);
    case ParameterType.double:
      return reader.double(name);
    case ParameterType.boolean:
      return reader.i32(name) !== 0;
    case ParameterType.string:
      return reader.string(name);
    default:
      throw new LibvirtProtocolError(`the typed parameter ${name} has the unknown type ${type}`);
  }
}

/** Writes typed parameters. Throws TypeError where a value doesn't suit its type. */
export function writeTypedParameters(writer: XdrWriter, parameters: readonly TypedParameter[]): void {
  writer.array(parameters, (parameter) => {
    writer.string(parameter.name).i32(ParameterType[parameter.type]);
    writeValue(writer, parameter);
  });
}

function writeValue(writer: XdrWriter, { name, type, value }: TypedParameter): void {
  if (type === 'string' && typeof value === 'string') writer.string(value);
  else if (type === 'boolean' && typeof value === 'boolean') writer.i32(value ? 1 : 0);
  else if (typeof value === 'number' || typeof value === 'bigint') writeNumber(writer, name, type, value);
  else throw new TypeError(`${name} must be a ${type} and is a ${typeof value}`);
}

function writeNumber(writer: XdrWriter, name: string, type: ParameterTypeName, value: number | bigint): void {
  if (type === 'double') writer.double(Number(value));
  else if (type === 'int') writer.i32(Number(value));
  else if (type === 'uint') writer.u32(Number(value));
  else if (type === 'llong') writer.i64(value);
  else if (type === 'ullong') writer.u64(value);
  else throw new TypeError(`${name} must be a ${type} and is a ${typeof value}`);
}
