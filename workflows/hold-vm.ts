/**
 * The right to act on a VM while an operation runs: a child workflow whose id is the VM's, so that there is one at
 * a time. It stands there until its parent lets go, and ends with its parent, however that ends.
 *
 * The VM's record with its lease takes this place next: docs/decisions/0003-one-operation-per-vm.md.
 */
import { condition, defineSignal, setCurrentDetails, setHandler } from '@temporalio/workflow';

/** Sent by the operation that holds the VM when it is done. */
export const releaseHold = defineSignal('release');

export interface HoldVmInput {
  readonly vm: string;
  /** The workflow id of the operation that holds the VM. */
  readonly operation: string;
}

export async function holdVm({ vm, operation }: HoldVmInput): Promise<void> {
  let isReleased = false;
  setHandler(releaseHold, () => void (isReleased = true), {
    description: 'The operation is done with the VM.',
  });
  setCurrentDetails(`${vm} is held by the operation \`${operation}\`.`);
  await condition(() => isReleased);
}
