/** The step `lease` of `settleVm`: takes the lease of a VM whose holder has ended. */
import { proxyActivities } from '@temporalio/workflow';
import type { RecordActivities } from '../activities/records/record-activities.ts';
import type { LeaseRead, SettleActivities } from '../activities/settle/settle-activities.ts';
import { taskQueue } from '../model/operations.ts';
import type { Claimant, Lease, MoveUnderWay } from '../model/vm-record.ts';
import { budgets } from './budgets.ts';
import { told, typeOf } from './ending.ts';
import { letGoOfAll } from './let-go.ts';
import { askForLease, busyWith } from './lease.ts';
import { withinBudget } from './within-budget.ts';

const asking = proxyActivities<RecordActivities & SettleActivities>({
  taskQueue,
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: budgets.questionMs,
  summary: 'ask the record who has the VM, and whether that runs',
});

/** Holders that have ended; a few can't be met in a row but by operations that fail at once. */
const mostHolders = 5;

/** Undefined: the VM has no record. */
export function readLease(vm: string): Promise<LeaseRead | undefined> {
  return withinBudget(`the question for the lease of ${vm}`, budgets.questionMs, () =>
    asking.readLease({ vm }),
  );
}

/** The lease of the VM, from the look at who has it until it is given back. */
export class SettledLease {
  readonly vm: string;
  readonly #claimant: Claimant;
  /** In doubt, or of an operation that has ended: it is taken over. */
  #before: Lease | undefined;
  epoch: number | undefined;
  /** What its last holder left under way on hosts. */
  unsettled: MoveUnderWay | undefined;

  /** @param before as it was looked at */
  constructor(vm: string, claimant: Claimant, before: Lease | undefined) {
    this.vm = vm;
    this.#claimant = claimant;
    this.#before = before;
  }

  /** Where the VM is had to be found out; else the lease was free. */
  get isDoubted(): boolean {
    return this.#before !== undefined || this.unsettled !== undefined;
  }

  /** It waits for nobody. @throws ApplicationFailure `VmBusy` while the operation that holds it runs */
  async take(): Promise<void> {
    const { vm } = this;
    const claimant = this.#claimant;
    for (let holders = 0; holders < mostHolders; holders++) {
      if (this.#before && (await isHeld(this.#before))) break;
      const takeOver = this.#before?.epoch;
      const answer = await askForLease({ vm, claimant, ...(takeOver === undefined ? {} : { takeOver }) });
      if (answer.kind === 'granted') {
        this.epoch = answer.epoch;
        this.unsettled = answer.unsettled;
        return;
      }
      this.#before = answer.holder;
    }
    const holder = this.#before;
    if (!holder) throw new TypeError('nobody holds it, and it was not granted');
    this.#before = undefined;
    throw busyWith(vm, holder);
  }

  /** Why nobody may act on the VM after a settle that failed: nothing was found out, and it is as it was. */
  doubtAfter(why: Error): string | undefined {
    const type = typeOf(why);
    // Two copies that run are in doubt, whoever had the lease before.
    if (type === 'NeedsOperator') return told(why);
    // Only of a VM that no host has any more nothing is left to doubt.
    if (!this.isDoubted || type === 'UnknownVm') return undefined;
    return this.#before?.doubt ?? `the settle ended without finding out where ${this.vm} is: ${told(why)}`;
  }

  /** Where the VM is was found out: the lease is free, and so is all that its last holder held on hosts. */
  async letGo(found: {
    readonly outcome: string;
    readonly message: string;
    readonly host: string;
    readonly hasMoved: boolean;
  }): Promise<void> {
    const { vm, epoch, unsettled } = this;
    const { workflowId } = this.#claimant;
    const last = this.#before?.holder.workflowId;
    const hosts =
      unsettled && last !== undefined
        ? [unsettled.from, unsettled.to].map((host) => ({ host, workflowId: last }))
        : [];
    await letGoOfAll({
      vm: { vm, workflowId, ...(epoch === undefined ? {} : { epoch }), ...found },
      hosts,
    });
  }
}

async function isHeld({ state, holder: { workflowId } }: Lease): Promise<boolean> {
  if (state === 'inDoubt') return false;
  return withinBudget(`the question whether ${workflowId} runs`, budgets.questionMs, () =>
    asking.isRunning({ workflowId }),
  );
}
