import { LibvirtError } from './errors.ts';
import type { XdrReader } from './xdr.ts';

/** Reads an error reply whole (virNetMessageError of virnetprotocol.x), the nested optional fields as well. */
export function readRemoteError(reader: XdrReader, procedure: string): LibvirtError {
  const code = reader.i32('the error code');
  const domain = reader.i32('the error domain');
  const message = reader.optionalString('the error message') ?? 'the host gave no error message';
  const level = reader.i32('the error level');
  reader.optional('the domain', () => {
    reader.string("the domain's name");
    reader.fixedOpaque(16, "the domain's UUID");
    reader.i32("the domain's id");
  });
  const details = ['str1', 'str2', 'str3']
    .map((field) => reader.optionalString(field))
    .filter((text) => text !== undefined);
  reader.i32('int1');
  reader.i32('int2');
  reader.optional('the network', () => {
    reader.string("the network's name");
    reader.fixedOpaque(16, "the network's UUID");
  });
  reader.end();
  return new LibvirtError({ code, domain, level, message, procedure, details });
}
