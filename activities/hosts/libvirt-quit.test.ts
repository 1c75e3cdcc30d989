import { describe, expect, test } from 'vitest';
import { ErrorCode, LibvirtError } from './libvirt/client.ts';
import { orLostMonitor } from './libvirt-quit.ts';

function refused(code: number, message: string): Promise<never> {
  return Promise.reject(
    new LibvirtError({ code, domain: 10, level: 2, message, procedure: 'QEMU_DOMAIN_MONITOR_COMMAND' }),
  );
}

describe('the answer to quit', () => {
  test.each([
    [ErrorCode.SYSTEM_ERROR, 'Unable to read from monitor: Connection reset by peer'],
    [ErrorCode.INTERNAL_ERROR, 'internal error: End of file from qemu monitor'],
    [ErrorCode.OPERATION_FAILED, 'operation failed: domain is no longer running'],
  ])('is one also where QEMU went while it was asked (%i: %s)', async (code, message) => {
    await expect(orLostMonitor(refused(code, message))).resolves.toBeUndefined();
  });

  test('stays a refusal where there was no QEMU to ask', async () => {
    const off = refused(
      ErrorCode.OPERATION_INVALID,
      'Requested operation is not valid: domain is not running',
    );
    await expect(orLostMonitor(off)).rejects.toThrow('domain is not running');
  });

  test('is not made up where the host does not answer', async () => {
    await expect(orLostMonitor(Promise.reject(new Error('the peer closed the connection')))).rejects.toThrow(
      'the peer closed',
    );
  });
});
