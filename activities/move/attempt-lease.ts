/** How an attempt makes sure that it alone may change anything on a host. */
import { ApplicationFailure } from '@temporalio/common';
import { permanent } from '../../model/failures.ts';
import type { ConfirmAttempt, MoveUnderWay } from '../../model/vm-record.ts';
import type { Records } from '../records/record-activities.ts';

/** The VM's lease, as one attempt of its holder uses it. */
export interface AttemptLease {
  readonly epoch: number;
  /**
   * Makes every earlier attempt stale, and answers the move that the lease knows of.
   * @throws ApplicationFailure `VmBusy` when this attempt is the stale one, or the lease is somebody else's
   */
  confirm(what?: Pick<ConfirmAttempt, 'move' | 'note'>): Promise<MoveUnderWay | undefined>;
}

/** @param attempt the lease's holder, and the name of this attempt among all of it */
export function attemptLease(
  records: Pick<Records, 'confirm'>,
  attempt: Omit<ConfirmAttempt, 'move' | 'note'>,
): AttemptLease {
  return {
    epoch: attempt.epoch,
    confirm: async (what = {}) => {
      const answer = await records.confirm({ ...attempt, ...what });
      if (answer.isCurrent) return answer.move;
      throw ApplicationFailure.create(
        permanent('VmBusy', `this attempt may change nothing any more: ${answer.reason}`),
      );
    },
  };
}
