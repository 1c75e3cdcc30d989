/** The real record of a VM, and what stands in for the operations that ask it. */
import { condition, defineQuery, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';
import type { RecordActivities } from '../../../activities/records/record-activities.ts';
import { signals, taskQueue } from '../../../model/operations.ts';
import type { AcquireVm, AcquireVmAnswer, LeaseGranted, StopRequest } from '../../../model/vm-record.ts';

export { vmRecord } from '../../../workflows/records/vm-record.ts';

/** What an operation was answered and told so far. */
export interface Told {
  answer?: AcquireVmAnswer;
  readonly granted: LeaseGranted[];
  readonly stops: StopRequest[];
}

const { acquireVm } = proxyActivities<RecordActivities>({ taskQueue, startToCloseTimeout: '10s' });

/** Acquires, where it is given a request, and then runs until it is told to end. */
export async function claimingOperation(request?: AcquireVm): Promise<void> {
  const told: Told = { granted: [], stops: [] };
  let isOver = false;
  setHandler(defineQuery<Told>('told'), () => told);
  setHandler(defineSignal('end'), () => void (isOver = true));
  setHandler(
    defineSignal<[LeaseGranted]>(signals.leaseGranted),
    (granted) => void told.granted.push(granted),
  );
  setHandler(defineSignal<[StopRequest]>(signals.stop), (stop) => void told.stops.push(stop));
  if (request) told.answer = await acquireVm(request);
  await condition(() => isOver);
}

/** In the place of the real one: it stands there, so that a test sees that it was started, and with what. */
export async function settleVm(): Promise<void> {
  await condition(() => false);
}
