/** Where a VM is, by what all hosts say of it or by a person's word, as `settleVm` says it. */
import { ApplicationFailure } from '@temporalio/workflow';
import { permanent } from '../model/failures.ts';
import type { SettleVmInput, SettleVmStatus } from '../model/settle-vm.ts';
import { byWord } from '../policies/settle/by-word.ts';
import { whereabouts } from '../policies/settle/whereabouts.ts';
import type { SettledLease } from './settle-vm-lease.ts';
import { howToEnd, leftText, look, plain, silentAround, silentText, type Seen } from './settle-vm-look.ts';

export type Found =
  /** `text`: from what it follows, and what is left for a person to remove. */
  | { readonly kind: 'at'; readonly host: string; readonly hasMoved?: boolean; readonly text: string }
  /** It was not found out, and why. Whoever comes next must not act on the VM. */
  | { readonly kind: 'doubt'; readonly text: string };

/**
 * Looks at every host; touches nothing.
 * @param lease undefined: the VM has no record, so nobody doubts where it is
 * @throws ApplicationFailure `UnknownVm`, `UnknownHost`; `CheckFailed` where what was seen speaks against the word
 */
export async function find(
  { vm, runsOn }: SettleVmInput,
  lease: SettledLease | undefined,
  show: (next: Partial<SettleVmStatus>) => void,
): Promise<Found> {
  show({ step: 'looking' });
  const move = lease?.unsettled;
  const seen = await look(vm, move?.uuid, runsOn ?? move?.from);
  return runsOn === undefined ? ofLook(vm, lease, seen) : ofWord(vm, runsOn, seen);
}

function ofLook(vm: string, lease: SettledLease | undefined, seen: Seen): Found {
  const wasInDoubt = lease?.isDoubted ?? false;
  const silent = silentAround(seen);
  // Of a VM that nobody doubted a copy is enough; the record tells no more of the hosts that are silent.
  const found = whereabouts(plain(seen.copies), wasInDoubt || seen.copies.length === 0 ? silent : []);
  switch (found.kind) {
    case 'at':
      return {
        kind: 'at',
        host: found.host,
        text: found.reason + silentText(silent) + leftText(seen.copies, found.leftovers),
      };
    case 'several':
      return twice(vm, found.reason, howToEnd(seen.copies, found.copies));
    case 'unclear':
      if (wasInDoubt)
        return { kind: 'doubt', text: `where ${vm} is was not found out: ${found.reason}. ${toSettle(vm)}` };
      throw ApplicationFailure.create(
        permanent(
          'CheckFailed',
          `where ${vm} is can't be said: ${found.reason}. Nothing was changed; look again (drover settle ${vm}).`,
        ),
      );
    case 'nowhere':
      throw ApplicationFailure.create(
        permanent('UnknownVm', `no host has a VM called ${vm}; drover get vms lists them`),
      );
    default:
      throw new TypeError(`no such answer: ${String(found satisfies never)}`);
  }
}

function ofWord(vm: string, runsOn: string, seen: Seen): Found {
  if (seen.cluster === undefined) {
    throw ApplicationFailure.create(
      permanent('UnknownHost', `the settings name no host ${runsOn}; drover get hosts lists them`),
    );
  }
  const silent = silentAround(seen);
  const taken = byWord(runsOn, plain(seen.copies), silent);
  switch (taken.kind) {
    case 'taken':
      return { kind: 'at', host: runsOn, text: taken.reason + leftText(seen.copies, taken.leftovers) };
    case 'several':
      return twice(vm, taken.reason, howToEnd(seen.copies, taken.copies));
    case 'refused':
      throw ApplicationFailure.create(
        permanent(
          'CheckFailed',
          `${vm} can't be taken to be on ${runsOn}: ${taken.reason}${silentText(silent)}. Nothing was changed.`,
          { findings: [], copies: seen.copies, silent },
        ),
      );
    default:
      throw new TypeError(`no such answer: ${String(taken satisfies never)}`);
  }
}

function twice(vm: string, reason: string, howTo: string): Found {
  return {
    kind: 'doubt',
    text:
      `${vm} needs a person: ${reason}. Drover touches neither. Keep the one that its users reach, and end ${howTo}. ` +
      `Then settle it: drover settle ${vm}`,
  };
}

/** How a person goes on when hosts did not say where the VM is. */
export function toSettle(vm: string): string {
  return (
    `When its hosts answer: drover settle ${vm}. When you know where it runs and a host won't answer: ` +
    `drover settle ${vm} --runs-on HOST`
  );
}
