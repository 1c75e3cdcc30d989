/** A switch of real hosts upgraded while a client uses the VM behind it, with the worker killed on the way. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Operation } from '../../client/operation.ts';
import type { RunningDrover } from '../../demo/drover-process.ts';
import { SteadyClient, waitFor } from '../../demo/traffic.ts';
import type { LabHost } from '../../lab/lab.ts';
import type { MaintainHostsResult, MaintainHostsStatus } from '../../model/maintain-hosts.ts';
import { pidOf, startSharedDrover } from '../support/drover.ts';
import { labHosts, labVm, sharedLab } from '../support/lab.ts';
import { knownOn, runningOn, virsh } from '../support/world.ts';

let running: RunningDrover;
const vm = labVm();
const hosts = labHosts();
const [host1] = hosts;

beforeAll(async () => {
  running = await startSharedDrover();
});
afterAll(async () => {
  await running.stop();
});
afterEach(async () => {
  await sharedLab().setSwitch('sw1', true);
  // Whatever a test did, one copy runs.
  await home();
});

async function home(): Promise<LabHost> {
  const names = await runningOn(hosts, vm.uuid);
  const host = hosts.find((one) => one.name === names[0]);
  if (!host || names.length !== 1)
    throw new Error(`${vm.name} runs on ${names.length} hosts: ${names.join(', ')}`);
  return host;
}

async function bringHome(): Promise<void> {
  if ((await home()).name === host1?.name) return;
  await (await running.drover.start('migrateVm', { vm: vm.name, to: 'host1' })).result();
}

async function reach(
  operation: Operation<MaintainHostsResult>,
  is: (status: MaintainHostsStatus) => boolean,
): Promise<MaintainHostsStatus> {
  return await waitFor('the step', 120, async () => {
    const { status } = await operation.look();
    return status && 'counts' in status && is(status) ? status : undefined;
  });
}

test('a switch goes down under load without a failed request, with the worker killed in a move and while it waits', async () => {
  await bringHome();
  const client = new SteadyClient(`http://${vm.address}/`, 10);
  client.start();
  const operation = await running.drover.start('maintainHosts', {
    failureDomain: { kind: 'switch', name: 'sw1' },
    reason: 'firmware of sw1',
    moveBack: true,
  });
  await reach(operation, ({ counts }) => (counts.moving ?? 0) > 0);
  process.kill(pidOf('worker'), 'SIGKILL');
  await reach(operation, ({ step }) => step === 'held');
  expect(await knownOn(hosts, vm.uuid)).not.toContain('host1');
  expect((await running.drover.hostRecord('host1'))?.state).toBe('maintenance');
  process.kill(pidOf('worker'), 'SIGKILL');
  await sharedLab().setSwitch('sw1', false);
  const { requests } = client.counts;
  // The client goes on meanwhile.
  await waitFor(
    'requests without the switch',
    60,
    async () => client.counts.requests > requests + 30 || undefined,
  );
  await sharedLab().setSwitch('sw1', true);
  await waitFor('a worker', 60, async () => (await operation.look()).status !== undefined || undefined);
  await operation.finishMaintenance();
  expect(await operation.result()).toMatchObject({
    outcome: 'finished',
    vms: [{ vm: vm.name, verdict: 'movedBack', from: 'host1' }],
  });
  const { failed, failures } = await client.stop();
  expect({ failed, failures }).toEqual({ failed: 0, failures: [] });
  expect(await knownOn(hosts, vm.uuid)).toEqual(['host1']);
  expect((await running.drover.hostRecord('host1'))?.state).toBe('active');
}, 300_000);

test('a VM with a local disk is named before anything moves, and its host takes VMs again', async () => {
  await bringHome();
  const folder = mkdtempSync(join(tmpdir(), 'drover-local-disk-'));
  const file = join(folder, 'scratch.raw');
  writeFileSync(file, '');
  truncateSync(file, 1024 ** 2);
  if (!host1) throw new Error('the lab has no host1');
  await virsh(host1, 'attach-disk', vm.uuid, file, 'vdz', '--live');
  try {
    const operation = await running.drover.start('maintainHosts', { hosts: ['host1'] });
    await expect(operation.result()).rejects.toMatchObject({
      type: 'CheckFailed',
      message: expect.stringContaining(`vdz of ${vm.name} is ${file} on host1`) as string,
    });
    expect((await running.drover.hostRecord('host1'))?.state).toBe('active');
    expect((await home()).name).toBe('host1');
  } finally {
    await virsh(host1, 'detach-disk', vm.uuid, 'vdz', '--live');
    rmSync(folder, { recursive: true });
  }
}, 120_000);
