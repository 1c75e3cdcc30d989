/** What a maintenance asks of the workers: which hosts are meant, to close and open them, and plans. */
import { ApplicationFailure, proxyActivities } from '@temporalio/workflow';
import type { Activities, HostActivities } from '../activities/activities.ts';
import type { PlanEvacuationAnswer } from '../activities/evacuation/plan-evacuation.ts';
import type { HostsByDatacenter, WhichHosts } from '../activities/evacuation/resolve-hosts.ts';
import type { RecordActivities } from '../activities/records/record-activities.ts';
import type { EvacuationPlan } from '../model/evacuation.ts';
import { permanent } from '../model/failures.ts';
import { datacenterTaskQueue, taskQueue } from '../model/operations.ts';
import type { Claimant } from '../model/vm-record.ts';
import { budgets } from './budgets.ts';
import type { Ledger } from './maintain-hosts-ledger.ts';
import { withinBudget } from './within-budget.ts';

const site = proxyActivities<Activities>({
  taskQueue,
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: budgets.questionMs,
  summary: 'which hosts are meant',
});
const closing = proxyActivities<RecordActivities>({
  taskQueue,
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: budgets.questionMs,
  summary: 'close the hosts',
});
const listing = proxyActivities<RecordActivities>({
  taskQueue,
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: budgets.questionMs,
  summary: 'which other hosts take no VMs',
});
/** What is never opened keeps a host from all VMs: tried without end. */
const opening = proxyActivities<RecordActivities>({
  taskQueue,
  startToCloseTimeout: '30s',
  retry: { maximumInterval: '30s' },
  summary: 'open the hosts',
});

/** The plans of all datacenters as one. */
export type Plan = Omit<PlanEvacuationAnswer, 'plan'> &
  EvacuationPlan & {
    /** VMs whose moves were under way when it was asked for: it says nothing of them, also where those have ended since. */
    readonly underWay: readonly string[];
  };

/** @throws ApplicationFailure `UnknownHost`, `InvalidInput`, `BudgetSpent` */
export function hostsMeant(which: WhichHosts): Promise<HostsByDatacenter> {
  return withinBudget('the question which hosts are meant', budgets.questionMs, () =>
    site.resolveHosts(which),
  );
}

/** @throws ApplicationFailure `CheckFailed` that names the operation which has closed one of them */
export async function close(hosts: readonly string[], by: Claimant): Promise<void> {
  const held = await withinBudget(`closing ${hosts.length} hosts`, budgets.questionMs, () =>
    closing.closeHosts({ hosts, by }),
  );
  if (!held) return;
  const { host, state, since } = held;
  const why = held.by.reason === undefined ? '' : `: ${held.by.reason}`;
  throw ApplicationFailure.create(
    permanent(
      'CheckFailed',
      `${host} is ${state === 'maintenance' ? 'in maintenance' : state} since ${since} by ${held.by.workflowId}${why}. ` +
        `Nothing was changed; wait for its end (drover watch ${held.by.workflowId}), or leave ${host} out.`,
      { findings: [{ severity: 'error', code: 'hostNotActive', message: `${host} is ${state}` }], ...held },
    ),
  );
}

/** May be repeated; hosts that are another operation's by now are left alone. */
export function open(hosts: readonly string[], by: Claimant): Promise<void> {
  return opening.openHosts({ hosts, by });
}

/** @param withCoverage also which failures stay covered, which takes longest in a large herd */
export async function plan(
  where: HostsByDatacenter,
  ledger: Ledger,
  { withCoverage }: { readonly withCoverage: boolean },
): Promise<Plan> {
  const moving = ledger.with('moving');
  const closed = await listing.closedHosts();
  const answers = await Promise.all(
    where.map(({ datacenter, hosts }) =>
      withinBudget(`the plan for ${hosts.length} hosts of ${datacenter}`, budgets.checkMs, () =>
        planner(datacenter).planEvacuation({
          datacenter,
          hosts,
          closed: closed.filter(({ host }) => !hosts.includes(host)),
          underWay: moving.flatMap(({ vm, to }) => (to === undefined ? [] : [{ vm, to }])),
          tried: Object.fromEntries(
            ledger.entries.flatMap(({ vm, tried }) => (tried.length === 0 ? [] : [[vm, tried]])),
          ),
          withCoverage,
          leaveOut: ledger.with('failed').map(({ vm }) => vm),
        }),
      ),
    ),
  );
  return {
    underWay: moving.map(({ vm }) => vm),
    moves: answers.flatMap((answer) => answer.plan.moves),
    unplaced: answers.flatMap((answer) => answer.plan.unplaced),
    blocked: answers.flatMap((answer) => answer.blocked),
    left: answers.flatMap((answer) => answer.left),
    silentHosts: answers.flatMap((answer) => answer.silentHosts),
    coverage: answers.flatMap((answer) => answer.coverage),
  };
}

/** Each VM to where it was, as far as there is room. */
export async function planBack(where: HostsByDatacenter, ledger: Ledger): Promise<EvacuationPlan> {
  const closed = await listing.closedHosts();
  const plans = await Promise.all(
    where.map(({ datacenter, hosts }) => {
      const vms = ledger
        .with('moved')
        .flatMap(({ vm, from, makesRoomFor }) =>
          hosts.includes(from) || makesRoomFor ? [{ vm, back: from }] : [],
        );
      return withinBudget(`the plan back to ${hosts.length} hosts of ${datacenter}`, budgets.checkMs, () =>
        // The lists lag behind the records: what this operation has opened is open.
        planner(datacenter).planReturn({
          datacenter,
          vms,
          closed: closed.filter(({ host }) => !hosts.includes(host)),
        }),
      );
    }),
  );
  return { moves: plans.flatMap(({ moves }) => moves), unplaced: plans.flatMap(({ unplaced }) => unplaced) };
}

function planner(datacenter: string) {
  return proxyActivities<HostActivities>({
    taskQueue: datacenterTaskQueue(datacenter),
    startToCloseTimeout: '120s',
    heartbeatTimeout: '5s',
    scheduleToCloseTimeout: budgets.checkMs,
    retry: { maximumInterval: '10s' },
    summary: `plan for ${datacenter}`,
  });
}
