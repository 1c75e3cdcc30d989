/** Moves whose records are real: each notes itself as the real activity does, and goes on until a test ends it. */
import { Context, CancelledFailure } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { CheckMigrationAnswer } from '../../activities/check-migration.ts';
import type { MoveVmReport, MoveVmRequest } from '../../activities/move-vm.ts';
import { recordsOfContext } from '../../activities/records/create-record-activities.ts';
import type { Operation } from '../../client/operation.ts';
import { foundAs, moved, until, type StandIns, type StandInWorker } from './stand-in-worker.ts';

type Found = Extract<CheckMigrationAnswer, { kind: 'found' }>;

/** What was ordered so far, and what ends the moves that go on. */
export class HeldMoves {
  readonly orders: MoveVmRequest[] = [];
  readonly #ends = new Map<string, PromiseWithResolvers<MoveVmReport>>();
  readonly #whenEnding: (order: MoveVmRequest) => Promise<MoveVmReport>;

  /** @param whenEnding what comes of an order to end a move; default: the VM stayed */
  constructor(whenEnding = async (order: MoveVmRequest) => stayed(order)) {
    this.#whenEnding = whenEnding;
  }

  readonly moveVm: NonNullable<StandIns['moveVm']> = async (order) => {
    await note(order);
    this.orders.push(order);
    return order.endNow
      ? await this.#whenEnding(order)
      : await orCanceled(order, this.#endOf(order.vm.name).promise);
  };

  /** Ends all moves of the VM, also those to come. */
  end(vm: string, report: MoveVmReport = moved): void {
    this.#endOf(vm).resolve(report);
  }

  /** @returns the first order for the VM */
  ordered(vm: string): Promise<MoveVmRequest> {
    return until(`the order to move ${vm}`, async () => this.orders.find((order) => order.vm.name === vm));
  }

  #endOf(vm: string): PromiseWithResolvers<MoveVmReport> {
    const end = this.#ends.get(vm) ?? Promise.withResolvers<MoveVmReport>();
    this.#ends.set(vm, end);
    return end;
  }
}

export function stayed({ vm, from }: Pick<MoveVmRequest, 'vm' | 'from'>): MoveVmReport {
  return { ...moved, outcome: 'stayed', reason: `${vm.name} runs on ${from}` };
}

/** Ends what still runs of them. */
export async function terminated(
  { temporal }: StandInWorker,
  operations: readonly Operation[],
): Promise<void> {
  const handles = operations.map(({ workflowId }) => temporal.workflow.getHandle(workflowId));
  await Promise.allSettled(handles.map((handle) => handle.terminate('the test is over')));
}

export function untilWaiting(operation: Operation, isFor: RegExp): Promise<unknown> {
  return until(`${operation.workflowId} waits for ${isFor.source}`, async () => {
    const { status } = await operation.look();
    return status?.step === 'waiting' && isFor.test(status.waitsFor ?? '') ? status : undefined;
  });
}

/** A check that finds the VM so, and holds room for it as the real one does. */
export function foundWith(more: Partial<Found>): NonNullable<StandIns['checkMigration']> {
  return async ({ vm, operation }) => {
    const found = { ...(foundAs(vm) as Found), ...more };
    if (operation && found.to !== undefined) {
      const { memoryMiB } = found.vm;
      await recordsOfContext().reserve({ host: found.to, operation, vm, memoryMiB, cpuCores: 1 });
    }
    return found;
  };
}

/** Waits with signs of life, so that it is told when it is canceled; then the VM has stayed. */
export async function orCanceled(order: MoveVmRequest, end: Promise<MoveVmReport>): Promise<MoveVmReport> {
  const context = Context.current();
  const beats = setInterval(() => context.heartbeat(), 100);
  try {
    return await Promise.race([end, context.cancelled]);
  } catch (error) {
    if (!(error instanceof CancelledFailure)) throw error;
    return { ...stayed(order), canceled: true };
  } finally {
    clearInterval(beats);
  }
}

async function note({ vm, datacenter, from, to, lease, endNow }: MoveVmRequest): Promise<void> {
  const { activityId, attempt } = Context.current().info;
  const move = { uuid: vm.uuid, datacenter, from, to, wasPaused: false };
  const answer = await recordsOfContext().confirm({
    vm: vm.name,
    ...lease,
    attempt: `${activityId}.${attempt}`,
    ...(endNow ? {} : { move }),
  });
  if (!answer.isCurrent) throw ApplicationFailure.nonRetryable(answer.reason, 'VmBusy');
}
