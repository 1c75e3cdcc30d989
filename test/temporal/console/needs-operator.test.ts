/**
 * `DroverNeedsOperator`, by which a person finds what waits for them: set on the operation that ends so and on the VM's
 * record, and cleared there by the settle that finds out.
 */
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { MoveVmReport } from '../../../activities/move-vm.ts';
import {
  createRecordActivities,
  recordsOfContext,
} from '../../../activities/records/create-record-activities.ts';
import type { FoundCopies } from '../../../activities/settle/find-copies.ts';
import { createSettleActivities } from '../../../activities/settle/settle-activities.ts';
import { OperationCanceled } from '../../../client/errors.ts';
import type { Operation } from '../../../client/operation.ts';
import { searchAttributes, taskQueue, vmRecordId } from '../../../model/operations.ts';
import { failureOf } from '../../workflows/failure-of.ts';
import { foundWith, HeldMoves, orCanceled } from '../../workflows/held-moves.ts';
import { moved, startStandInWorker, type StandInWorker } from '../../workflows/stand-in-worker.ts';

const hosts = { from: 'host1', to: 'host2' };
const uuid = '9f0c7d2e-6f0b-4d0a-9a51-0d5bb6d1c7aa';
let found: FoundCopies;
let worker: StandInWorker;
beforeAll(async () => {
  worker = await startStandInWorker({
    ...createRecordActivities(),
    ...createSettleActivities(recordsOfContext),
    findCopies: async () => found,
  });
});
afterAll(() => worker?.[Symbol.asyncDispose]());

let tests = 0;
let vm: string;
beforeEach(() => {
  vm = `flagged${++tests}`;
  found = {
    copies: [
      {
        host: hosts.from,
        cluster: 'berlin',
        uuid,
        state: 'running',
        stateReason: 'booted',
        toEnd: '',
        toRemove: '',
      } as FoundCopies['copies'][number],
    ],
    silent: [],
    clusterOfHost: 'berlin',
  };
});

async function attributesOf(workflowId: string): Promise<Record<string, unknown>> {
  const { typedSearchAttributes } = await worker.temporal.workflow.getHandle(workflowId).describe();
  const ours = typedSearchAttributes.getAll().filter(({ key }) => key.name.startsWith('Drover'));
  return Object.fromEntries(ours.map(({ key, value }) => [key.name, value]));
}
/** As a search for it would find the operation, and the VM. */
async function flags(operation: Operation): Promise<{ operation: unknown; state: unknown; vm: unknown }> {
  const of = await attributesOf(operation.workflowId);
  const record = await attributesOf(vmRecordId(vm));
  return {
    operation: of[searchAttributes.needsOperator] ?? false,
    state: of[searchAttributes.state],
    vm: record[searchAttributes.needsOperator],
  };
}
const migrate = () => worker.drover.start('migrateVm', { vm });
const settle = () => worker.drover.start('settleVm', { vm });

function endsAs(outcome: MoveVmReport['outcome']): void {
  const moves = new HeldMoves(async () => ({ ...moved, outcome, reason: `it is ${outcome}` }));
  worker.answerWith({ moveVm: moves.moveVm, checkMigration: foundWith(hosts) });
  moves.end(vm, { ...moved, outcome, reason: `it is ${outcome}` });
}

test('a move that goes well asks for nobody', async () => {
  endsAs('moved');
  const operation = await migrate();
  await operation.result();
  expect(await flags(operation)).toEqual({ operation: false, state: 'moved', vm: false });
});

test.each(['inDoubt', 'both', 'none'] as const)(
  'a move that ends as %s does, until it is settled',
  async (outcome) => {
    endsAs(outcome);
    const operation = await migrate();
    expect((await failureOf(operation)).type).toBe('NeedsOperator');
    expect(await flags(operation)).toEqual({ operation: true, state: 'needsOperator', vm: true });

    endsAs('stayed');
    const settled = await settle();
    await settled.result();
    expect(await flags(settled)).toEqual({
      operation: false,
      state: outcome === 'none' ? 'nothingToDo' : 'settled',
      vm: false,
    });
  },
);

test('a settle that finds nothing out does, and a person’s word clears it', async () => {
  endsAs('inDoubt');
  await failureOf(await migrate());
  const settled = await settle();
  expect((await failureOf(settled)).type).toBe('NeedsOperator');
  expect(await flags(settled)).toEqual({ operation: true, state: 'needsOperator', vm: true });
  const word = await worker.drover.start('settleVm', { vm, runsOn: hosts.from });
  await word.result();
  expect(await flags(word)).toMatchObject({ operation: false, vm: false });
});

test('two copies that may run are an alarm: nobody acts on the VM before it is settled', async () => {
  const twice = `${vm} is running on host1 and running on host2: two copies may be running`;
  let findings = [{ severity: 'error' as const, code: 'runsTwice' as const, message: twice }];
  worker.answerWith({ checkMigration: (request) => foundWith({ ...hosts, findings })(request) });
  const operation = await migrate();
  expect(await failureOf(operation)).toMatchObject({ type: 'CheckFailed', details: { findings } });
  expect(await flags(operation)).toEqual({ operation: true, state: 'needsOperator', vm: true });
  expect((await worker.drover.vmRecord(vm))?.lease).toMatchObject({ state: 'inDoubt', doubt: twice });

  findings = [];
  const settled = await settle();
  expect(await settled.result()).toMatchObject({ outcome: 'settled', host: 'host1' });
  expect(await flags(settled)).toMatchObject({ operation: false, vm: false });
});

test('a dry run that finds two copies says so, and leaves nothing in doubt', async () => {
  endsAs('moved');
  await (await migrate()).result();
  const findings = [{ severity: 'error' as const, code: 'runsTwice' as const, message: 'twice' }];
  worker.answerWith({ checkMigration: foundWith({ ...hosts, findings }) });
  const operation = await worker.drover.start('migrateVm', { vm, dryRun: true });
  expect(await operation.result()).toMatchObject({ outcome: 'blocked', findings });
  expect(await flags(operation)).toEqual({ operation: false, state: 'blocked', vm: false });
});

test('one that is canceled and leaves the VM in doubt does', async () => {
  endsAs('inDoubt');
  await failureOf(await migrate());
  const moves = new HeldMoves(async (order) => {
    await orCanceled(order, new Promise(() => {}));
    throw ApplicationFailure.create({ message: 'the source is silent' });
  });
  worker.answerWith({ moveVm: moves.moveVm, checkMigration: foundWith(hosts) });
  const operation = await migrate();
  await moves.ordered(vm);
  await operation.cancel();
  await expect(operation.result()).rejects.toBeInstanceOf(OperationCanceled);
  expect(await flags(operation)).toEqual({ operation: true, state: 'canceled', vm: true });
});

test('a refusal asks for nobody', async () => {
  const findings = [{ severity: 'error' as const, code: 'diskLocal' as const, message: 'vda is local' }];
  worker.answerWith({ checkMigration: foundWith({ ...hosts, findings }) });
  const operation = await migrate();
  expect((await failureOf(operation)).type).toBe('CheckFailed');
  expect(await flags(operation)).toEqual({ operation: false, state: 'failed', vm: false });
});

test('what the Start dialog fills in of another operation’s end is taken away', async () => {
  const moves = new HeldMoves();
  worker.answerWith({ moveVm: moves.moveVm, checkMigration: foundWith(hosts) });
  const workflowId = `copied/${vm}`;
  await worker.temporal.workflow.start('migrateVm', {
    workflowId,
    taskQueue,
    args: [{ vm, dryRun: true }],
    searchAttributes: {
      [searchAttributes.needsOperator]: [true],
      [searchAttributes.host]: ['host9'],
      [searchAttributes.state]: ['needsOperator'],
      [searchAttributes.vm]: ['other'],
    },
  });
  await worker.drover.operation(workflowId).result();
  expect(await attributesOf(workflowId)).toEqual({
    [searchAttributes.kind]: 'migrateVm',
    [searchAttributes.vm]: vm,
    [searchAttributes.state]: 'planned',
  });
});
