/** A job that ends between the look at it and the order about it: the order was heard, and had nothing left to do. */
import { describe, expect, test } from 'vitest';
import { FakeHost, listsWeb1, uuid, type Answer } from './fake-host.ts';
import { libvirtDriver } from './libvirt-driver.ts';
import { ErrorCode } from './libvirt/client.ts';
import { body, errorBody } from './libvirt/fake-daemon.ts';
import { PacketStatus } from './libvirt/packet.ts';

const { OPERATION_INVALID, NO_DOMAIN, OPERATION_TIMEOUT } = ErrorCode;

describe.each([
  ['an abort', 'DOMAIN_ABORT_JOB'],
  ['a downtime', 'DOMAIN_MIGRATE_SET_MAX_DOWNTIME'],
] as const)('%s', (what, call) => {
  async function answered(code: number, message: string): Promise<void> {
    const refuse: Answer = (asked, daemon) =>
      daemon.reply(asked, errorBody(code, message), PacketStatus.error);
    await using host = await FakeHost.start({
      ...listsWeb1,
      // An outgoing migration runs: a type of unbounded, without parameters.
      DOMAIN_GET_JOB_STATS: (asked, daemon) =>
        daemon.reply(
          asked,
          body((writer) => writer.i32(2).u32(0)),
        ),
      [call]: refuse,
    });
    await using session = await libvirtDriver({ keepaliveSeconds: 60 }).open(host.address);
    await (what === 'an abort' ? session.abortMigration(uuid) : session.setMaxDowntime(uuid, 500));
    expect(host.count(call)).toBe(1);
  }

  test.each([
    [OPERATION_INVALID, 'Requested operation is not valid: domain is not running'],
    [OPERATION_INVALID, 'Requested operation is not valid: no job is active on the domain'],
    [NO_DOMAIN, 'Domain not found'],
  ])('is done where nothing runs any more (%i: %s)', async (code, message) => {
    await expect(answered(code, message)).resolves.toBeUndefined();
  });

  test('is refused where libvirt can not tell', async () => {
    await expect(answered(OPERATION_TIMEOUT, 'cannot acquire state change lock')).rejects.toMatchObject({
      code: 'OPERATION_TIMEOUT',
    });
  });
});
