/** The pages of operations that wait, are refused or fail: whom they wait for, what it means, and what to do next. */
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createRecordActivities } from '../../../activities/records/create-record-activities.ts';
import type { LetGoOfAll } from '../../../activities/records/record-activities.ts';
import type { Operation } from '../../../client/operation.ts';
import type { Candidate, Placement } from '../../../model/placement.ts';
import { failureOf } from '../../workflows/failure-of.ts';
import { foundWith, HeldMoves, stayed, untilWaiting } from '../../workflows/held-moves.ts';
import { startStandInWorker, type StandInWorker } from '../../workflows/stand-in-worker.ts';

const { letGoOfAll, ...recordActivities } = createRecordActivities();
let isRefused: (request: LetGoOfAll) => boolean;
let worker: StandInWorker;
beforeAll(async () => {
  worker = await startStandInWorker({
    ...recordActivities,
    letGoOfAll: (request: LetGoOfAll) => {
      if (isRefused(request)) throw ApplicationFailure.nonRetryable('the record is broken', 'Broken');
      return letGoOfAll(request);
    },
  });
});
afterAll(() => worker?.[Symbol.asyncDispose]());

let tests = 0;
let vm: string;
let moves: HeldMoves;
beforeEach(() => {
  vm = `paged${++tests}`;
  isRefused = () => false;
  moves = new HeldMoves();
  worker.answerWith({ moveVm: moves.moveVm, checkMigration: foundWith(hosts()) });
});
const hosts = () => ({ from: `${vm}-source`, to: `${vm}-target` });
const migrate = (more = {}) => worker.drover.start('migrateVm', { vm, ...more });

async function pageOf({ workflowId }: Operation): Promise<string> {
  const handle = worker.temporal.workflow.getHandle(workflowId);
  const { currentDetails } = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
  return currentDetails;
}
const linkTo = (id: string): string => `[${id}](/namespaces/{namespace}/workflows/${encodeURIComponent(id)})`;

test('one that waits names whom it waits for, with a link; one that is refused, too', async () => {
  const first = await migrate();
  await moves.ordered(vm);
  const second = await migrate({ wait: true, reason: 'a | b\n# c' });
  await untilWaiting(second, /./);
  const waiting = await pageOf(second);
  expect(waiting).toContain(`**Waits for** ${first.workflowId}: ${linkTo(first.workflowId)}.`);
  expect(waiting).toContain(String.raw`Why: a \| b # c.`);
  expect(waiting).toMatch(/\| lease \|.*\| under way \| \d\d:\d\d:\d\d \| - \|/);
  expect(waiting).toContain('**Now:** step 1 of 5: lease');

  const busy = await migrate();
  expect((await failureOf(busy)).type).toBe('VmBusy');
  const refused = await pageOf(busy);
  expect(refused).toContain('**Ended: failed: VmBusy.**');
  expect(refused).toContain(`- Wait for ${linkTo(first.workflowId)}`);
  expect(refused).toMatch(/\| lease \|.*\| failed, undone \|/);
  expect(refused).toMatch(/\| move \|.*\| not begun \|/);
  moves.end(vm);
  await Promise.all([first.result(), second.result()]);
  const ended = await pageOf(second);
  expect(ended).not.toContain('**Waits for**');
  expect(ended).toContain('**Ended: moved.**');
});

test('one that waits for a slot names all that have one', async () => {
  const names = ['a', 'b'].map((end) => `${vm}${end}`);
  const holders = await Promise.all(names.map((name) => worker.drover.start('migrateVm', { vm: name })));
  await Promise.all(names.map((name) => moves.ordered(name)));
  const operation = await migrate();
  await untilWaiting(operation, /slot/);
  const page = await pageOf(operation);
  for (const { workflowId } of holders) expect(page).toContain(linkTo(workflowId));
  for (const name of [vm, ...names]) moves.end(name);
  await Promise.all([operation, ...holders].map((one) => one.result()));
});

test('what a hypervisor said is a text, also in what the move ended in', async () => {
  moves.end(vm, {
    ...stayed({ vm: { name: vm, uuid: 'u' }, from: hosts().from }),
    fault: 'vm',
    cause: '| error: <b>no</b> [x](http://evil) {namespace}',
  } as never);
  const operation = await migrate();
  expect((await failureOf(operation)).type).toBe('MigrationAborted');
  const page = await pageOf(operation);
  expect(page).toContain(String.raw`\| error: \<b\>no\</b\> \[x\](http\://evil) \{namespace\}`);
  expect(page).toContain('**What it means:** the move was ended and the VM runs where it was.');
});

test('where no host fits, the foremost three say why, and the rest is counted', async () => {
  const candidate = (at: number): Candidate => ({
    host: `host${at}`,
    fits: false,
    filters: [{ code: 'memoryShort', passed: false, reason: `host${at} has ${at} GiB, 9 are needed` }],
    scoreParts: [],
  });
  const placement: Placement = {
    vm,
    reason: `no host fits ${vm}`,
    candidates: [1, 2, 3, 4, 5].map(candidate),
    leftOut: { fitting: 0, refused: 7 },
  };
  worker.answerWith({
    checkMigration: async (request) => {
      const { to: _, ...found } = (await foundWith(hosts())(request)) as { to?: string };
      return { ...found, placement } as never;
    },
  });
  const operation = await migrate();
  expect((await failureOf(operation)).type).toBe('NoHostFits');
  const page = await pageOf(operation);
  expect(page).toContain('| host3 | no | - | host3 has 3 GiB, 9 are needed |');
  expect(page).not.toContain('| host4 |');
  expect(page).toContain('And 9 more hosts');
  expect(page).toContain(`\`drover explain ${vm}\``);
});

test('what could not be undone is marked, and a person is told how to go on', async () => {
  isRefused = ({ vm: lease, hosts: held }) => lease === undefined && held.length > 0;
  moves.end(vm, { ...stayed({ vm: { name: vm, uuid: 'u' }, from: hosts().from }), cause: 'too slow' });
  const operation = await migrate();
  expect((await failureOf(operation)).type).toBe('NeedsOperator');
  const page = await pageOf(operation);
  expect(page).toMatch(/\| slots \|.*\| done, not undone \|/);
  expect(page).toMatch(/\| lease \|.*\| done, undone \|/);
  expect(page).toContain(`\`drover settle ${vm}\``);
  expect(page).toContain(`with the input \`{"vm":"${vm}"}\``);
});
