/** Every recorded history of a real run replays on the workflows as they are; a changed order of steps does not. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { beforeAll, expect, test } from 'vitest';
import { workflowModules } from '../../worker/run-worker.ts';
import { historiesFolder } from '../support/drover.ts';

const histories = readdirSync(historiesFolder).filter((name) => name.endsWith('.json'));
/** Every ending of an operation, and records that lived through some of them. */
const wanted = [
  'moved restarted-from-disk paused other-target reattached waited took-over nothing-to-do dry-run',
  'refused no-room busy canceled aborted stayed-unproven crashed budget-spent',
].flatMap((endings) => endings.split(' ').map((ending) => `migrate-vm-${ending}.json`));
const wantedOfOthers = ['settle-vm-settled', 'settle-vm-nothing-to-do']
  .concat(['vm-record-waited', 'vm-record-restarted-from-disk', 'vm-record-continued'])
  .concat(['host-record-waited', 'host-record-restarted-from-disk'])
  .concat(['planned', 'refused', 'finished', 'left', 'canceled'].map((ending) => `maintain-hosts-${ending}`))
  .map((name) => `${name}.json`);

const bundleOf = (path: string): Promise<WorkflowBundleWithSourceMap> =>
  bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL(path, import.meta.url)),
    workflowInterceptorModules: workflowModules,
  });

let workflowBundle: WorkflowBundleWithSourceMap;
beforeAll(async () => {
  workflowBundle = await bundleOf('../../workflows/index.ts');
});

const historyOf = (name: string) =>
  historyFromJSON(JSON.parse(readFileSync(join(historiesFolder, name), 'utf8')));

test('every ending is recorded', () => {
  expect(histories).toEqual(expect.arrayContaining([...wanted, ...wantedOfOthers]));
});

test.each(histories)('%s replays', async (name) => {
  const history = historyOf(name);
  // A record looks at its own id.
  const { workflowId } = history.events?.[0]?.workflowExecutionStartedEventAttributes ?? {};
  await expect(
    Worker.runReplayHistory({ workflowBundle }, history, workflowId ?? ''),
  ).resolves.toBeUndefined();
});

test('a changed order of steps is found out', async () => {
  const changed = await bundleOf('./changed-order.ts');
  await expect(
    Worker.runReplayHistory({ workflowBundle: changed }, historyOf('migrate-vm-moved.json')),
  ).rejects.toThrow(/Nondeterminism|TMPRL1100/);
});
