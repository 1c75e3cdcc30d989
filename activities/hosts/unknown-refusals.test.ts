/** An operator hears of what hosts say and no rule knows: once of each kind, from either driver. */
import { ResponseError } from 'vscode-jsonrpc/node';
import { expect, onTestFinished, test } from 'vitest';
import { simulatedRefusalCode } from '../../model/simulated.ts';
import { driverByScheme } from './driver-by-scheme.ts';
import type { HostAddress } from './driver.ts';
import { FakeHost, listsWeb1, uuid } from './fake-host.ts';
import { FakeSimulation } from './fake-simulation.ts';
import { errorBody, rejection } from './libvirt/fake-daemon.ts';
import { PacketStatus } from './libvirt/packet.ts';
import { tellUnknownOnce } from './unknown-refusals.ts';

/** Orders a start of a host that refuses with these words, one after the other. */
async function linesAfter(address: HostAddress, starts: number): Promise<string[]> {
  const lines: string[] = [];
  const onRefusal = tellUnknownOnce((line) => lines.push(line));
  await using session = await driverByScheme({ keepaliveSeconds: 60, onRefusal }).open(address);
  for (let start = 0; start < starts; start++) await rejection(session.start(uuid));
  return lines;
}

async function libvirtThatSays(...texts: readonly string[]): Promise<HostAddress> {
  let at = 0;
  const host = await FakeHost.start({
    ...listsWeb1,
    DOMAIN_LOOKUP_BY_UUID: (call, daemon) =>
      daemon.reply(call, errorBody(9, texts[at++ % texts.length] ?? ''), PacketStatus.error),
  });
  onTestFinished(() => host[Symbol.asyncDispose]());
  return host.address;
}

test('one of a new kind is told with code, part and words, and that it is taken for doubt', async () => {
  const lines = await linesAfter(await libvirtThatSays("operation failed: the moon of 'web1' is full"), 1);
  expect(lines).toEqual([expect.stringContaining("the moon of 'web1' is full")]);
  expect(lines[0]).toContain('(OPERATION_FAILED of QEMU)');
  expect(lines[0]).toContain('taken for doubt');
});

test('one of the same kind is not told again, whatever the name and the number in it', async () => {
  const host = await libvirtThatSays(
    "operation failed: 'web1' is 7 short",
    "operation failed: 'db1' is 12 short",
  );
  expect(await linesAfter(host, 4)).toHaveLength(1);
});

test('one that a rule knows is not told', async () => {
  expect(await linesAfter(await libvirtThatSays('operation failed: domain is not running'), 1)).toEqual([]);
});

test('a simulated host is heard as well', async () => {
  const host = await FakeSimulation.start((request) => {
    if (request !== 'start') return null;
    throw new ResponseError(simulatedRefusalCode, 'operation failed: the moon is full', {
      code: 'OPERATION_FAILED',
    });
  });
  onTestFinished(() => host[Symbol.asyncDispose]());
  expect(await linesAfter(host.address, 2)).toEqual([expect.stringContaining('the moon is full')]);
});
