/** The step `slots` of `migrateVm`: one migration out of the source, one into the target. */
import {
  ActivityCancellationType,
  condition,
  defineSignal,
  proxyActivities,
  setHandler,
} from '@temporalio/workflow';
import type { RecordActivities } from '../activities/records/record-activities.ts';
import type { SlotDirection, SlotGranted, TakeSlot } from '../model/host-record.ts';
import { signals, taskQueue } from '../model/operations.ts';
import type { Claimant } from '../model/vm-record.ts';
import { budgets } from './budgets.ts';
import type { FoundIn } from './migrate-vm-check.ts';
import { withinBudget } from './within-budget.ts';

const activities = proxyActivities<RecordActivities>({
  taskQueue,
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: budgets.questionMs,
  // What it was granted must be known before it is let go.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  summary: 'ask both hosts for a migration slot',
});
const slotGranted = defineSignal<[SlotGranted]>(signals.slotGranted);

/**
 * Takes both slots, out first: operations that all wait in that order never wait in a circle.
 * @param showWait told whom it waits for, and nothing when it goes on
 */
export async function takeSlots(
  operation: Claimant,
  { found }: FoundIn,
  to: string,
  showWait: (waitsFor: string | undefined, holders?: readonly string[]) => void,
): Promise<void> {
  const granted = new Set<string>();
  const key = (host: string, direction: SlotDirection): string => `${direction} ${host}`;
  setHandler(slotGranted, ({ host, direction }) => void granted.add(key(host, direction)), {
    description: 'Sent by a host’s record: a migration slot is this operation’s now.',
  });
  const slot = (host: string, direction: SlotDirection, most: number): TakeSlot => ({
    host,
    operation,
    vm: found.vm.name,
    direction,
    most,
  });
  const slots = [slot(found.from, 'out', found.slots.out), slot(to, 'in', found.slots.in)] as const;
  let hasWaited = false;
  for (;;) {
    const answers = await withinBudget('the question for migration slots', budgets.questionMs, () =>
      activities.takeSlots({ slots }),
    );
    const waiting = answers.findIndex(({ kind }) => kind === 'queued');
    if (waiting < 0) break;
    const answer = answers[waiting];
    const at = slots[waiting];
    if (answer?.kind !== 'queued' || !at) throw new TypeError('an answer to no slot');
    hasWaited = true;
    const holders = answer.holders.map((holder) => holder.operation.workflowId);
    showWait(`a migration slot (${at.direction}) of ${at.host}, held by ${holders.join(', ')}`, holders);
    // The signal may be lost with a worker: asked again, the record says the same.
    await condition(() => granted.has(key(at.host, at.direction)), budgets.askAgainMs, {
      summary: `then asks again for the slot of ${at.host}`,
    });
  }
  if (hasWaited) showWait(undefined);
}
