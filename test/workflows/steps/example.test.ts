/** The harness on a small operation: it keeps its promises, and each way of being careless is found out. */
import { fileURLToPath } from 'node:url';
import { ApplicationFailure } from '@temporalio/common';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import type { Carelessness, DiskActivities, GiveDiskInput } from './example.ts';
import { testSteps } from './harness.ts';
import { promises, type PromiseName } from './promises.ts';
import { startStepWorker, type Operation } from './step-worker.ts';

interface DiskWorld {
  lease?: string | undefined;
  disks: string[];
  attached: string[];
}

function giveDisk(careless?: Carelessness): Operation<DiskWorld> {
  return {
    workflowsPath: fileURLToPath(new URL('example.ts', import.meta.url)),
    workflow: 'giveDisk',
    input: (careless ? { careless } : {}) satisfies GiveDiskInput,
    taskQueues: ['steps-example'],
    pointOfNoReturn: 'attachDisk',
    newWorld: () => ({ disks: ['old'], attached: ['old'] }),
    activitiesIn: (world): DiskActivities => ({
      takeLease: async (by) => {
        if (world.lease !== undefined && world.lease !== by)
          throw ApplicationFailure.nonRetryable(`${world.lease} has the lease`, 'VmBusy');
        world.lease = by;
      },
      releaseLease: async (by) => {
        if (world.lease === by) delete world.lease;
      },
      createDisk: async () => {
        if (careless === 'createsTwice' || !world.disks.includes('new')) world.disks.push('new');
        return 'new';
      },
      deleteDisk: async () => {
        if (careless === 'deletesOnce' && !world.disks.includes('new'))
          throw ApplicationFailure.nonRetryable('there is no such disk', 'CheckFailed');
        world.disks = world.disks.filter((disk) => disk !== 'new');
      },
      attachDisk: async (disk) => {
        if (!world.attached.includes(disk)) world.attached.push(disk);
      },
      isAttached: async (disk) => world.attached.includes(disk),
    }),
  };
}

testSteps(giveDisk());

test('a listener is told of each step', async () => {
  await using worker = await startStepWorker(giveDisk());
  const { answered } = await worker.run();
  const steps = ['lease', 'disk', 'attach', 'tidy'].map((step) => ({ step, phase: 'doing' }));
  expect(answered).toEqual({ disk: 'new', steps });
});

const found: Record<Carelessness, PromiseName> = {
  withoutUndo: 'it fails at every step in turn, and the world is as before',
  undoOfAnswersOnly: 'it fails at every step in turn, and the world is as before',
  hidesCause: 'it fails at every step in turn, and the world is as before',
  noPointOfNoReturn: 'it fails at every step in turn, and the world is as before',
  createsTwice: 'it comes to the same end when any step is repeated',
  deletesOnce: 'the world is as before when every undo is repeated',
  undoHidesFaults: 'an undo that fails for good asks for an operator, and the rest is undone',
  undoOvertakes:
    'canceled at every step, it leaves the world as before, or comes to its end where that is too late',
};

test.each(Object.entries(found) as [Carelessness, PromiseName][])(
  '%s is found out by: %s',
  async (careless, promise) => {
    const operation = giveDisk(careless);
    await using worker = await startStepWorker(operation);
    const { actual, expected } = await promises[promise](operation, worker);
    expect(isDeepStrictEqual(actual, expected)).toBe(false);
  },
);
