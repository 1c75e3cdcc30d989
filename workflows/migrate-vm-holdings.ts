/** What a move holds at records, and how it lets go of it. */
import { ApplicationFailure, isCancellation, proxyActivities } from '@temporalio/workflow';
import type { RecordActivities } from '../activities/records/record-activities.ts';
import type { MigrateVmResult } from '../model/migrate-vm.ts';
import { taskQueue } from '../model/operations.ts';
import type { ReleaseVm } from '../model/vm-record.ts';

/** Tried without end: what is held and never let go of would keep others waiting. */
const { letGoOfAll } = proxyActivities<RecordActivities>({
  taskQueue,
  startToCloseTimeout: '30s',
  retry: { maximumInterval: '30s' },
  summary: 'let go',
});

/** A host that an earlier attempt of the operation has failed on. */
export interface PassedOver {
  readonly host: string;
  readonly reason: string;
}

export class Holdings {
  epoch: number | undefined;
  /** Why the lease stays when the operation ends: where the VM is could not be found out. */
  doubt: string | undefined;
  readonly passedOver: PassedOver[] = [];
  readonly #vm: string;
  readonly #workflowId: string;

  constructor(vm: string, workflowId: string) {
    this.#vm = vm;
    this.#workflowId = workflowId;
  }

  /** The host has failed to take the VM: another one is to be found. */
  passOver(host: string, reason: string): void {
    this.passedOver.push({ host, reason });
  }

  /** Does what moves or settles the VM; where it fails, nobody knows where the VM is. */
  async orInDoubt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ApplicationFailure && error.type === 'NeedsOperator') this.doubt = error.message;
      throw error;
    }
  }

  /** Lets go of room and slots on these hosts; may be repeated. */
  letGo(hosts: readonly (string | undefined)[]): Promise<void> {
    return letGoOfAll({ hosts: this.#of(hosts.filter((host) => host !== undefined)) });
  }

  /** Gives the lease back after a failure, or leaves it in doubt. Without an epoch it may still wait in the queue. */
  release({ epoch, why }: { readonly epoch: number | undefined; readonly why: Error }): Promise<void> {
    return letGoOfAll({
      vm: this.#ending(epoch, { outcome: outcomeOf(why), message: why.message }),
      hosts: [],
    });
  }

  /** The end of a move that did not fail. */
  letGoOfAll({ outcome, message, from, to }: MigrateVmResult): Promise<void> {
    const hasMoved = outcome === 'moved';
    const host = hasMoved ? to : from;
    return letGoOfAll({
      vm: this.#ending(this.epoch, {
        outcome,
        message,
        hasMoved,
        ...(host === undefined ? {} : { host }),
      }),
      hosts: this.#of([from, ...(to === undefined ? [] : [to])]),
    });
  }

  #of(hosts: readonly string[]): { readonly host: string; readonly workflowId: string }[] {
    return [...new Set(hosts)].map((host) => ({ host, workflowId: this.#workflowId }));
  }

  #ending(
    epoch: number | undefined,
    told: Pick<ReleaseVm, 'outcome' | 'message' | 'host' | 'hasMoved'>,
  ): ReleaseVm {
    return {
      vm: this.#vm,
      workflowId: this.#workflowId,
      ...(epoch === undefined ? {} : { epoch }),
      ...told,
      ...(this.doubt === undefined ? {} : { doubt: this.doubt }),
    };
  }
}

function outcomeOf(why: Error): string {
  if (isCancellation(why)) return 'canceled';
  return why instanceof ApplicationFailure && why.type ? why.type : 'failed';
}
