/** The host record, and an operation that only waits: it notes the slots that it is told of until it may end. */
import { condition, defineQuery, defineSignal, setHandler } from '@temporalio/workflow';
import type { SlotGranted } from '../../../model/host-record.ts';
import { signals } from '../../../model/operations.ts';

export { hostRecord } from '../../../workflows/records/host-record.ts';

export const grantedQuery = defineQuery<readonly SlotGranted[]>('granted');
export const mayEnd = defineSignal('mayEnd');

export async function waitingOperation(): Promise<void> {
  const granted: SlotGranted[] = [];
  let isOver = false;
  setHandler(defineSignal<[SlotGranted]>(signals.slotGranted), (slot) => void granted.push(slot));
  setHandler(grantedQuery, () => granted);
  setHandler(mayEnd, () => void (isOver = true));
  await condition(() => isOver);
}
