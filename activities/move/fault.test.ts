import { expect, test } from 'vitest';
import { HostRefused, HostUnreachable } from '../hosts/errors.ts';
import { classify } from '../hosts/libvirt-refusals.ts';
import { faultOf, faultOfClass } from './fault.ts';

function refusedMove(code: string, text: string): HostRefused {
  const refusal = { code, text };
  return new HostRefused('host1', 'move VM', { ...refusal, ...classify(refusal, 'migrate') }, undefined);
}

test.each([
  ['target', 'SYSTEM_ERROR', "Cannot get interface MTU on 'br0': No such device"],
  ['target', 'OPERATION_FAILED', "operation failed: job 'migration out' failed: Unable to write to socket"],
  ['vm', 'MIGRATE_UNSAFE', 'Unsafe migration: Migration without shared storage is unsafe'],
  ['vm', 'OPERATION_INVALID', "Requested operation is not valid: domain 'web1' is already active"],
  ['passing', 'SYSTEM_ERROR', "unable to connect to server at 'host2:16509': Connection refused"],
  ['passing', 'INTERNAL_ERROR', 'internal error: client socket is closed'],
  ['passing', 'OPERATION_FAILED', 'operation failed: the moon is full'],
  [undefined, 'OPERATION_ABORTED', "operation aborted: job 'migration out' canceled by client"],
])('%s is to blame for %s: %s', (expected, code, text) => {
  expect(faultOf(refusedMove(code, text))).toBe(expected);
});

test('nobody is to blame for a move that is another’s now', () => {
  expect(faultOfClass('superseded')).toBeUndefined();
});

test('a host that does not answer may answer later; a mistake of ours blames nobody', () => {
  expect(faultOf(new HostUnreachable('host1', 'move VM', 'no answer'))).toBe('passing');
  expect(faultOf(new TypeError('x is undefined'))).toBeUndefined();
});
