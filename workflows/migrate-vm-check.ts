/** The step `check` of `migrateVm`: finds the VM in any datacenter, with all that was found about its move. */
import { ActivityCancellationType, ApplicationFailure, proxyActivities, sleep } from '@temporalio/workflow';
import type { Activities, HostActivities } from '../activities/activities.ts';
import type { CheckMigrationAnswer } from '../activities/check-migration.ts';
import { permanent } from '../model/failures.ts';
import type { MigrateVmInput } from '../model/migrate-vm-input.ts';
import type { Trouble } from '../model/migrate-vm.ts';
import { fewNames } from '../model/names.ts';
import type { Claimant } from '../model/vm-record.ts';
import { datacenterTaskQueue, taskQueue } from '../model/operations.ts';
import { budgets } from './budgets.ts';
import type { PassedOver } from './migrate-vm-holdings.ts';
import { growingPausesMs } from './growing-pauses.ts';
import { hostsWithoutWorker, unlessAway, withinBudget } from './within-budget.ts';

const site = proxyActivities<Activities>({
  taskQueue,
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: budgets.questionMs,
  summary: 'read which datacenters there are',
});

/** A host that does not answer is told in its answer. The room that it holds must be known before it is let go. */
const options = {
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  startToCloseTimeout: '60s',
  heartbeatTimeout: '5s',
  scheduleToCloseTimeout: budgets.checkMs,
  retry: { maximumInterval: '10s' },
} as const;

export type Found = Extract<CheckMigrationAnswer, { kind: 'found' }>;

/** What a check is to do beside looking. */
export interface Checking {
  /** Room is reserved for it at the host that is chosen; absent: nothing is. */
  readonly operation?: Claimant;
  /** Told the host where room is held from now on. */
  readonly onRoom?: (host: string) => void;
  /** Hosts that an earlier attempt of the operation has failed on. */
  readonly passOver?: readonly PassedOver[];
  /** Have the target open the VM's disks and networks first; a migration does that too, and names the first it lacks. */
  readonly rehearse: boolean;
}

/** A VM, and the datacenter that has it. */
export interface FoundIn {
  readonly datacenter: string;
  readonly found: Found;
}

/**
 * Asks every datacenter for the VM; the one that has it has checked the move. A VM that nobody has while a host is
 * silent may be on that host, which is no answer: all are asked again until the budget is spent.
 * @param showTrouble called with the hosts that are silent before each further look, and with nothing after it
 * @throws ApplicationFailure `UnknownVm` when every host answered, `BudgetSpent` with the hosts that did not
 */
export async function check(
  input: MigrateVmInput,
  checking: Checking,
  showTrouble: (trouble: Trouble | undefined) => void,
): Promise<FoundIn> {
  const { datacenters } = await withinBudget(
    'the question for the datacenters of the settings',
    budgets.questionMs,
    () => site.readSite(),
  );
  const startedMs = Date.now();
  const pausesMs = growingPausesMs(budgets.findPauses);
  for (let looks = 1; ; looks++) {
    const answers = await allOf(
      datacenters.map((datacenter) => checkIn(datacenter, datacenters.length === 1, input, checking)),
    );
    const found = onlyOne(input.vm, answers);
    if (found) return found;
    const silentHosts = answers.flatMap(({ answer }) =>
      answer.kind === 'elsewhere' ? answer.silentHosts : [],
    );
    if (silentHosts.length === 0) {
      throw ApplicationFailure.create(
        permanent('UnknownVm', `no host has a VM called ${input.vm}; drover get vms lists them`),
      );
    }
    const silent = fewNames(silentHosts);
    const forMs = Date.now() - startedMs;
    const pauseMs = pausesMs.next().value;
    if (forMs + pauseMs > budgets.findMs) {
      throw ApplicationFailure.create(
        permanent(
          'BudgetSpent',
          `${input.vm} was not found: no host that answers has it, and these did not answer in any of ${looks} looks: ${silent}. ` +
            `After ${budgets.findMs / 1000} s nobody looks any more. See why they are silent (drover get hosts), then start the operation again.`,
          { silentHosts, looks, forMs },
        ),
      );
    }
    showTrouble({
      message: `no host that answers has ${input.vm}; it may be on one that does not answer: ${silent}`,
      attempt: looks,
    });
    await sleep(pauseMs, { summary: `${silent}: no answer` });
    showTrouble(undefined);
  }
}

/** @param isOnly there is no other datacenter: its workers are waited for */
async function checkIn(
  datacenter: string,
  isOnly: boolean,
  input: MigrateVmInput,
  { operation, onRoom, passOver = [], rehearse }: Checking,
): Promise<{ datacenter: string; answer: CheckMigrationAnswer }> {
  const { checkMigration } = proxyActivities<HostActivities>({
    ...options,
    taskQueue: datacenterTaskQueue(datacenter),
    ...(isOnly ? {} : { scheduleToStartTimeout: budgets.workersAwayMs }),
    summary: `${input.vm}: find, check, choose the host`,
  });
  const request = {
    datacenter,
    vm: input.vm,
    onlyIfStarved: input.onlyIfStarved,
    ...(input.onlyFrom ? { onlyFrom: input.onlyFrom } : {}),
    ...(input.movesWith ? { movesWith: input.movesWith } : {}),
    rehearse,
    ...(operation ? { operation } : {}),
    ...(passOver.length > 0 ? { passOver } : {}),
    ...(input.dryRun ? { dryRun: true } : {}),
    ...(input.acceptWarnings ? {} : { acceptWarnings: false }),
    ...(input.to === undefined ? {} : { to: input.to }),
  };
  const tried = `the check of ${input.vm} in ${datacenter}`;
  const away: CheckMigrationAnswer = { kind: 'elsewhere', silentHosts: [hostsWithoutWorker(datacenter)] };
  const answer = await withinBudget(tried, budgets.checkMs, () =>
    unlessAway(() => checkMigration(request), away),
  );
  if (operation && answer.kind === 'found' && answer.to !== undefined) onRoom?.(answer.to);
  return { datacenter, answer };
}

/** Also where one fails the others have ended: no undo overtakes what they hold. */
async function allOf<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

/** @throws ApplicationFailure `CheckFailed` when several datacenters have a VM of this name */
function onlyOne(
  vm: string,
  answers: readonly { readonly datacenter: string; readonly answer: CheckMigrationAnswer }[],
): FoundIn | undefined {
  const having = answers.flatMap(({ datacenter, answer }) =>
    answer.kind === 'found' ? [{ datacenter, found: answer }] : [],
  );
  if (having.length > 1) {
    const where = having.map(({ datacenter, found }) => `${found.from} (${datacenter})`).join(' and ');
    throw ApplicationFailure.create(
      permanent(
        'CheckFailed',
        `${vm} is the name of a VM on ${where}: rename one of them, names are unique in the inventory`,
      ),
    );
  }
  return having[0];
}
