/** The step `look` of `settleVm`: what all hosts say of the VM, asked anew. */
import { ApplicationFailure, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/activities.ts';
import type { FoundCopies, FoundCopy } from '../activities/settle/find-copies.ts';
import type { SettleHostActivities } from '../activities/settle/settle-activities.ts';
import { permanent } from '../model/failures.ts';
import { fewNames } from '../model/names.ts';
import { datacenterTaskQueue, taskQueue } from '../model/operations.ts';
import type { Copy } from '../policies/settle/copies.ts';
import { budgets } from './budgets.ts';
import { hostsWithoutWorker, unlessAway, withinBudget } from './within-budget.ts';

const site = proxyActivities<Activities>({
  taskQueue,
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: budgets.questionMs,
  summary: 'read which datacenters there are',
});

export interface Seen {
  readonly copies: readonly FoundCopy[];
  readonly silent: FoundCopies['silent'];
  /** Of the host that was asked about; absent: the settings name no such host. */
  readonly cluster?: string;
}

/**
 * @param uuid tells copies where it is known; else they are told by their name
 * @param host asked about besides: which cluster is it in?
 * @throws ApplicationFailure `CheckFailed` for several VMs of one name
 */
export async function look(vm: string, uuid: string | undefined, host: string | undefined): Promise<Seen> {
  const { datacenters } = await withinBudget(
    'the question for the datacenters of the settings',
    budgets.questionMs,
    () => site.readSite(),
  );
  const answers = await Promise.all(
    datacenters.map((datacenter) => lookIn(datacenter, datacenters.length === 1, { vm, uuid, host })),
  );
  const copies = answers.flatMap((answer) => answer.copies);
  const cluster = answers.flatMap(({ clusterOfHost }) => clusterOfHost ?? [])[0];
  if (new Set(copies.map((copy) => copy.uuid)).size > 1) {
    const where = copies.map((copy) => `${copy.host} (UUID ${copy.uuid})`).join(' and ');
    throw ApplicationFailure.create(
      permanent(
        'CheckFailed',
        `${vm} is the name of different VMs on ${where}: rename one of them, names are unique in the inventory`,
      ),
    );
  }
  return {
    copies,
    silent: answers.flatMap(({ silent }) => silent),
    ...(cluster === undefined ? {} : { cluster }),
  };
}

/** @param isOnly there is no other datacenter: its workers are waited for */
function lookIn(
  datacenter: string,
  isOnly: boolean,
  { vm, uuid, host }: { vm: string; uuid: string | undefined; host: string | undefined },
): Promise<FoundCopies> {
  const { findCopies } = proxyActivities<SettleHostActivities>({
    taskQueue: datacenterTaskQueue(datacenter),
    startToCloseTimeout: '60s',
    heartbeatTimeout: '5s',
    scheduleToCloseTimeout: budgets.checkMs,
    ...(isOnly ? {} : { scheduleToStartTimeout: budgets.workersAwayMs }),
    retry: { maximumInterval: '10s' },
    summary: `${vm}: every copy in ${datacenter}`,
  });
  const request = {
    datacenter,
    vm,
    ...(uuid === undefined ? {} : { uuid }),
    ...(host === undefined ? {} : { host }),
  };
  // No cluster of ours is called so: it counts only where nobody knows in which cluster the VM is.
  const away: FoundCopies = { copies: [], silent: [{ host: hostsWithoutWorker(datacenter), cluster: '' }] };
  return withinBudget(`the look for ${vm} in ${datacenter}`, budgets.checkMs, () =>
    unlessAway(() => findCopies(request), away),
  );
}

/** Silent hosts that may have a copy: VMs move within their cluster alone. All, where nobody knows which that is. */
export function silentAround({ copies, silent, cluster }: Seen): string[] {
  const clusters = new Set([
    ...copies.map((copy) => copy.cluster),
    ...(cluster === undefined ? [] : [cluster]),
  ]);
  return silent.filter((one) => clusters.size === 0 || clusters.has(one.cluster)).map(({ host }) => host);
}

/** As the policies see them. */
export function plain(copies: readonly FoundCopy[]): Copy[] {
  return copies.map(({ host, state, stateReason, isMoving }) => ({
    host,
    sight: { kind: 'present', state, stateReason },
    ...(isMoving ? { isMoving } : {}),
  }));
}

/** What a person types to end one of several copies that run. */
export function howToEnd(copies: readonly FoundCopy[], wanted: readonly Copy[]): string {
  return those(copies, wanted)
    .map(({ host, toEnd }) => `the one on ${host}: ${toEnd}`)
    .join('; ');
}

/** What is left elsewhere, and what a person types to remove it; nothing where nothing is. */
export function leftText(copies: readonly FoundCopy[], leftovers: readonly Copy[]): string {
  const left = those(copies, leftovers).map(({ host, state, toEnd, toRemove }) => {
    const dead = state === 'off' || state === 'crashed';
    return `on ${host} (${state}): ${dead ? '' : `${toEnd}, then `}${toRemove}`;
  });
  return left.length === 0 ? '' : `. Copies that must never run are left; remove ${left.join('; ')}`;
}

function those(copies: readonly FoundCopy[], wanted: readonly Copy[]): FoundCopy[] {
  return copies.filter(({ host }) => wanted.some((copy) => copy.host === host));
}

export function silentText(silent: readonly string[]): string {
  return silent.length === 0 ? '' : ` (no answer from ${fewNames(silent)})`;
}
