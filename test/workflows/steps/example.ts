/**
 * A small operation for the tests of the harness: it gives a VM a new disk. Each way of being careless is one that the
 * harness has to find out.
 */
import {
  ActivityCancellationType,
  ApplicationFailure,
  CancellationScope,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import { TemporalFailure } from '@temporalio/common';
import { permanent } from '../../../model/failures.ts';
import { runSteps, type StepRunner, type StepState } from '../../../workflows/steps.ts';

export type Carelessness =
  | 'withoutUndo'
  | 'undoOfAnswersOnly'
  | 'undoHidesFaults'
  | 'undoOvertakes'
  | 'noPointOfNoReturn'
  | 'createsTwice'
  | 'deletesOnce'
  | 'hidesCause';

export interface GiveDiskInput {
  readonly careless?: Carelessness;
}

export interface DiskActivities {
  takeLease(by: string): Promise<void>;
  createDisk(): Promise<string>;
  deleteDisk(): Promise<void>;
  attachDisk(disk: string): Promise<void>;
  isAttached(disk: string): Promise<boolean>;
  releaseLease(by: string): Promise<void>;
}

export interface GiveDiskResult {
  readonly disk: string;
  /** As a listener is told of them. */
  readonly steps: readonly StepState[];
}

export function giveDisk(input: GiveDiskInput): Promise<GiveDiskResult> {
  return giveDiskWith(input, () => {});
}

/** @param beforeAttach called between two steps, with what does steps */
export async function giveDiskWith(
  { careless }: GiveDiskInput,
  beforeAttach: (step: StepRunner) => void,
): Promise<GiveDiskResult> {
  const activities = proxyActivities<DiskActivities>({
    startToCloseTimeout: '1 minute',
    cancellationType:
      careless === 'undoOvertakes'
        ? ActivityCancellationType.TRY_CANCEL
        : ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { initialInterval: '100ms' },
  });
  const by = workflowInfo().workflowId;

  const steps: StepState[] = [];
  const onStep = (state: StepState): void => void steps.push(state);
  return await runSteps(
    async (step) => {
      await step({
        name: 'lease',
        do: () => activities.takeLease(by),
        undo: () => activities.releaseLease(by),
        always: true,
      });
      const disk = await step({
        name: 'disk',
        do: () => activities.createDisk(),
        undo: async ({ done }) => {
          if (careless === 'withoutUndo') return;
          if (careless === 'undoOfAnswersOnly' && done === undefined) return;
          if (careless === 'undoHidesFaults') await activities.deleteDisk().catch(() => {});
          else await activities.deleteDisk();
        },
      });
      beforeAttach(step);
      const attached = await step({
        name: 'attach',
        do: async () => {
          const fault = await activities.attachDisk(disk).then(() => undefined, failureOnly);
          // It may have been attached whatever came back: the VM is asked.
          const isAttached = await CancellationScope.nonCancellable(() => activities.isAttached(disk));
          return { isAttached, fault };
        },
        pointOfNoReturn: ({ isAttached }) => isAttached && careless !== 'noPointOfNoReturn',
        noUndo: 'the guest may use it at once',
      });
      if (!attached.isAttached) {
        throw ApplicationFailure.create({
          ...permanent('CheckFailed', 'the VM has not got the disk'),
          ...(attached.fault && careless !== 'hidesCause' ? { cause: attached.fault } : {}),
        });
      }
      await step({
        name: 'tidy',
        do: () => activities.releaseLease(by),
        noUndo: 'it is the end',
      });
      return { disk, steps };
    },
    { onStep },
  );
}

function failureOnly(error: unknown): TemporalFailure {
  if (error instanceof TemporalFailure) return error;
  throw error;
}
