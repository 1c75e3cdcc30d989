/** `maintainHosts` on a real Temporal with real records and real moves' workflows; the hosts' answers are a stand-in world. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Operation } from '../../client/operation.ts';
import type {
  MaintainHostsRequest,
  MaintainHostsResult,
  MaintainHostsStatus,
} from '../../model/maintain-hosts.ts';
import { MaintainedWorld } from './maintained-world.ts';
import { startStandInWorker, until, type StandInWorker } from './stand-in-worker.ts';

let worker: StandInWorker;
beforeAll(async () => {
  worker = await startStandInWorker();
});
afterAll(() => worker?.[Symbol.asyncDispose]());

type Maintenance = Operation<MaintainHostsResult>;

function start(world: MaintainedWorld, request: MaintainHostsRequest): Promise<Maintenance> {
  worker.answerWith(world.standIns);
  return worker.drover.start('maintainHosts', request);
}

async function untilStep(
  operation: Maintenance,
  step: MaintainHostsStatus['step'],
): Promise<MaintainHostsStatus> {
  return await until(`the step ${step}`, async () => {
    const { status } = await operation.look();
    return status && 'counts' in status && status.step === step ? status : undefined;
  });
}

async function stateOf(host: string): Promise<string | undefined> {
  return (await worker.drover.hostRecord(host))?.state;
}

function verdicts({ vms }: Pick<MaintainHostsStatus, 'vms'>): Record<string, string> {
  return Object.fromEntries(
    vms.map(({ vm, verdict, to }) => [vm, to === undefined ? verdict : `${verdict} ${to}`]),
  );
}

test('hosts are emptied, held closed until told, opened, and their VMs taken back', async () => {
  const world = new MaintainedWorld({ mha1: ['mva1', 'mva2'], mha2: ['mva3'], mha3: ['mva4'] }, ['mha3']);
  const operation = await start(world, { hosts: ['mha1', 'mha2'], moveBack: true, reason: 'firmware' });
  const held = await untilStep(operation, 'held');
  expect(verdicts(held)).toEqual({ mva1: 'moved mha3', mva2: 'moved mha3', mva3: 'moved mha3' });
  expect([world.on('mha1'), world.on('mha2')]).toEqual([[], []]);
  expect([await stateOf('mha1'), await stateOf('mha2')]).toEqual(['maintenance', 'maintenance']);
  expect((await worker.drover.hostRecord('mha1'))?.stateBy).toMatchObject({
    workflowId: operation.workflowId,
    reason: 'firmware',
  });
  expect(await operation.finishMaintenance()).toEqual({ message: 'the hosts are opened' });
  const result = await operation.result();
  expect(result).toMatchObject({
    outcome: 'finished',
    message: 'mha1, mha2: emptied, and open again; 3 VMs moved; 3 VMs back where they were',
  });
  expect([world.on('mha1'), world.on('mha2')]).toEqual([['mva1', 'mva2'], ['mva3']]);
  expect([await stateOf('mha1'), await stateOf('mha2')]).toEqual(['active', 'active']);
  await expect(operation.finishMaintenance()).rejects.toThrow(/has ended \(COMPLETED\)/);
  await expect(operation.cancelMaintenance()).rejects.toThrow(/has ended \(COMPLETED\)/);
});

test('a host in another’s maintenance is refused with its name, and what was closed is open again', async () => {
  const world = new MaintainedWorld({ mhb1: ['mvb1'], mhb2: [] }, ['mhb3']);
  const first = await start(world, { hosts: ['mhb2'], reason: 'fans' });
  await untilStep(first, 'held');
  const second = await start(world, { hosts: ['mhb2', 'mhb1'] });
  await expect(second.result()).rejects.toMatchObject({
    type: 'CheckFailed',
    message: expect.stringContaining(`mhb2 is in maintenance since`) as string,
  });
  await expect(second.result()).rejects.toThrow(`by ${first.workflowId}: fans`);
  expect([await stateOf('mhb1'), await stateOf('mhb2')]).toEqual(['active', 'maintenance']);
  expect(world.on('mhb1')).toEqual(['mvb1']);
  await first.finishMaintenance();
  await first.result();
});

test('a maintenance that was terminated leaves its hosts closed, for the next to take over', async () => {
  const world = new MaintainedWorld({ mhc1: [] }, ['mhc2']);
  const first = await start(world, { hosts: ['mhc1'] });
  await untilStep(first, 'held');
  await worker.temporal.workflow.getHandle(first.workflowId).terminate();
  expect(await stateOf('mhc1')).toBe('maintenance');
  const second = await start(world, { hosts: ['mhc1'] });
  await untilStep(second, 'held');
  expect((await worker.drover.hostRecord('mhc1'))?.stateBy?.workflowId).toBe(second.workflowId);
  await second.finishMaintenance();
  await second.result();
  expect(await stateOf('mhc1')).toBe('active');
});

test('a VM that can’t move is named before anything moves, and the hosts are opened again', async () => {
  const world = new MaintainedWorld({ mhd1: ['mvd1', 'mvd2'] }, ['mhd2']);
  world.blocked.set('mvd2', 'vda of mvd2 is /srv/local.qcow2 on mhd1');
  const operation = await start(world, { hosts: ['mhd1'] });
  await expect(operation.result()).rejects.toMatchObject({
    type: 'CheckFailed',
    message:
      'nothing was moved: mvd2: vda of mvd2 is /srv/local.qcow2 on mhd1. Mend that, or ask for what can move (partial).',
    details: { findings: [{ code: 'diskLocal' }] },
  });
  expect(world.on('mhd1')).toEqual(['mvd1', 'mvd2']);
  expect(await stateOf('mhd1')).toBe('active');
  const dry = await start(world, { hosts: ['mhd1'], dryRun: true });
  expect(await dry.result()).toMatchObject({ outcome: 'blocked', moves: [{ vm: 'mvd1', to: 'mhd2' }] });
  expect(await stateOf('mhd1')).toBe('active');
});

test('partial moves what can move, and the rest as soon as it can', async () => {
  const world = new MaintainedWorld({ mhe1: ['mve1', 'mve2'] }, ['mhe2']);
  world.blocked.set('mve2', 'a host device');
  const operation = await start(world, { hosts: ['mhe1'], partial: true });
  expect(verdicts(await untilStep(operation, 'left'))).toEqual({ mve1: 'moved mhe2', mve2: 'blocked' });
  expect((await operation.details()).needsOperator).toBe(true);
  world.blocked.clear();
  expect(verdicts(await untilStep(operation, 'held'))).toEqual({ mve1: 'moved mhe2', mve2: 'moved mhe2' });
  expect((await operation.details()).needsOperator).toBe(false);
  await operation.finishMaintenance();
  await operation.result();
});

test('what is left is told of when it is finished all the same', async () => {
  const world = new MaintainedWorld({ mhf1: ['mvf1'] }, ['mhf2']);
  world.blocked.set('mvf1', 'a host device');
  const operation = await start(world, { hosts: ['mhf1'], partial: true });
  await untilStep(operation, 'left');
  expect((await operation.finishMaintenance()).message).toMatch(/VMs were left on them/);
  expect(await operation.result()).toMatchObject({
    outcome: 'finished',
    message: 'mhf1: emptied, and open again; 0 VMs moved; 1 VM left there',
  });
});

test('where a target fails another is tried, three at most, and all of them again later', async () => {
  const world = new MaintainedWorld({ mhg1: ['mvg1'] }, ['mhg2', 'mhg3', 'mhg4', 'mhg5']);
  for (const host of ['mhg2', 'mhg3', 'mhg4']) world.broken.add(host);
  const operation = await start(world, { hosts: ['mhg1'] });
  const left = await untilStep(operation, 'left');
  expect(left.vms).toMatchObject([
    {
      vm: 'mvg1',
      verdict: 'failed',
      tried: ['mhg2', 'mhg3', 'mhg4'],
      reason: expect.stringMatching(/mhg4 is broken/) as string,
    },
  ]);
  expect(await stateOf('mhg1')).toBe('maintenance');
  world.broken.clear();
  expect(verdicts(await untilStep(operation, 'held'))).toEqual({ mvg1: 'moved mhg2' });
  await operation.finishMaintenance();
  await operation.result();
});

test('of each host one VM moves at a time, where that is the cap, though its record would take two', async () => {
  const names = Array.from({ length: 12 }, (_, at) => `mvh${at}`);
  const world = new MaintainedWorld({ mhh1: names.slice(0, 6), mhh2: names.slice(6) }, ['mhh3']);
  world.isHeld = true;
  const operation = await start(world, {
    hosts: ['mhh1', 'mhh2'],
    caps: { perHostIn: 3, perHostOut: 1, perOperation: 8 },
  });
  await until('two moves', async () => (world.underWay.size === 2 ? true : undefined));
  world.release();
  await untilStep(operation, 'held');
  expect(world.most).toMatchObject({ out: 1, in: 2 });
  await operation.finishMaintenance();
  await operation.result();
});

test('a VM that comes to a host while it is held is moved too; one that leaves is gone', async () => {
  const world = new MaintainedWorld({ mhi1: ['mvi1'] }, ['mhi2']);
  const operation = await start(world, { hosts: ['mhi1'] });
  await untilStep(operation, 'held');
  world.at.set('mvi2', 'mhi1');
  await until('the newcomer to move', async () => (world.at.get('mvi2') === 'mhi2' ? true : undefined));
  expect(verdicts(await untilStep(operation, 'held'))).toEqual({ mvi1: 'moved mhi2', mvi2: 'moved mhi2' });
  await operation.finishMaintenance();
  await operation.result();
});

test('it can’t be finished before the hosts are empty; canceled, moves under way end and none begins', async () => {
  const world = new MaintainedWorld({ mhj1: ['mvj1', 'mvj2', 'mvj3'] }, ['mhj2']);
  world.isHeld = true;
  const operation = await start(world, { hosts: ['mhj1'], caps: { perHostOut: 1 } });
  await until('a move', async () => (world.underWay.size > 0 ? true : undefined));
  await expect(operation.finishMaintenance()).rejects.toMatchObject({
    type: 'InvalidInput',
    message: expect.stringContaining('the hosts are not empty yet (it is emptying)') as string,
  });
  expect((await operation.cancelMaintenance()).message).toMatch(/moves under way go to their end/);
  expect((await operation.cancelMaintenance()).message).toBe('it is being canceled already');
  await expect(operation.finishMaintenance()).rejects.toThrow(/it is being canceled/);
  await untilStep(operation, 'opening');
  expect((await operation.look()).isRunning).toBe(true);
  world.release();
  expect(await operation.result()).toMatchObject({
    outcome: 'canceled',
    message: 'mhj1: open again, since it was canceled; 1 VM moved; 2 VMs left there',
  });
  expect(world.on('mhj1')).toEqual(['mvj2', 'mvj3']);
  expect(await stateOf('mhj1')).toBe('active');
});

test('Temporal’s own cancellation is one way to cancel it', async () => {
  const world = new MaintainedWorld({ mhk1: [] }, ['mhk2']);
  const operation = await start(world, { hosts: ['mhk1'] });
  await untilStep(operation, 'held');
  await operation.cancel();
  expect(await operation.result()).toMatchObject({ outcome: 'canceled' });
  expect(await stateOf('mhk1')).toBe('active');
});

test('canceled while VMs are taken back, the others stay where they are', async () => {
  const world = new MaintainedWorld({ mhl1: ['mvl1', 'mvl2'] }, ['mhl2']);
  const operation = await start(world, { hosts: ['mhl1'], caps: { perHostIn: 1 } });
  await untilStep(operation, 'held');
  world.isHeld = true;
  await operation.finishMaintenance({ moveBack: true });
  expect((await operation.finishMaintenance()).message).toBe('it is being finished already');
  await until('a move back', async () => (world.underWay.size > 0 ? true : undefined));
  expect((await operation.cancelMaintenance()).message).toMatch(/no further VM is taken back/);
  world.release();
  expect(await operation.result()).toMatchObject({
    outcome: 'finished',
    message: 'mhl1: emptied, and open again; 2 VMs moved; 1 VM back where it was',
  });
  expect(world.on('mhl1')).toHaveLength(1);
});

test('a VM that another operation moves meanwhile is waited for, and left where that took it', async () => {
  const world = new MaintainedWorld({ mhm1: ['mvm1'] }, ['mhm2']);
  world.isHeld = true;
  worker.answerWith(world.standIns);
  const person = await worker.drover.start('migrateVm', { vm: 'mvm1', to: 'mhm3' });
  await until('its move', async () => (world.underWay.has('mvm1') ? true : undefined));
  // As the hosts show it: the VM runs at its source until it has moved.
  const { underWay } = world;
  const during = new Map(underWay);
  const operation = await start(world, { hosts: ['mhm1'] });
  underWay.clear();
  await until('the maintenance to wait for it', async () =>
    (await worker.drover.vmRecord('mvm1'))?.queue.length === 1 ? true : undefined,
  );
  for (const { end } of during.values()) end();
  world.isHeld = false;
  await person.result();
  await untilStep(operation, 'held');
  expect(world.at.get('mvm1')).toBe('mhm3');
  await operation.finishMaintenance();
  await operation.result();
});
