/** What a move holds at records, and how it lets go of it. */
import type { MigrateVmResult } from '../model/migrate-vm.ts';
import { told, typeOf } from './ending.ts';
import type { HeldLease } from './lease.ts';
import { giveBack, letGoOfAll } from './let-go.ts';
import type { Unwinding } from './unwind.ts';

/** A host that an earlier attempt of the operation has failed on. */
export interface PassedOver {
  readonly host: string;
  readonly reason: string;
}

export class Holdings {
  readonly passedOver: PassedOver[] = [];
  readonly #vm: string;
  readonly #workflowId: string;
  #epoch: number | undefined;
  #doubt: string | undefined;

  constructor(vm: string, workflowId: string) {
    this.#vm = vm;
    this.#workflowId = workflowId;
  }

  /** What an earlier holder has left is in doubt until it is settled. */
  granted({ epoch, unsettled }: HeldLease): void {
    this.#epoch = epoch;
    if (unsettled)
      this.#doubt = `an earlier move from ${unsettled.from} to ${unsettled.to} was left, and is not settled`;
  }

  /** The host has failed to take the VM: another one is to be found. */
  passOver(host: string, reason: string): void {
    this.passedOver.push({ host, reason });
  }

  /** The lease stays when the operation ends: where the VM is could not be found out. */
  doubt(reason: string): void {
    this.#doubt = reason;
  }

  /** Where the VM is was found out. */
  settled(): void {
    this.#doubt = undefined;
  }

  /** Where the VM is was not found out: when the operation ends so, nobody else may act on it. */
  get isInDoubt(): boolean {
    return this.#doubt !== undefined;
  }

  /** Does what moves the VM; where it fails for a person to look, nobody knows where the VM is. */
  async orInDoubt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (typeOf(error) === 'NeedsOperator') this.doubt(told(error));
      throw error;
    }
  }

  /** Lets go of room and slots on these hosts; may be repeated. */
  async letGo(hosts: ReadonlySet<string>): Promise<void> {
    if (hosts.size > 0) await letGoOfAll({ hosts: this.#on(hosts) });
  }

  /** The undo of the lease. */
  giveBack(unwinding: Pick<Unwinding<unknown>, 'why' | 'left'>): Promise<void> {
    return giveBack({ vm: this.#vm, epoch: this.#epoch, doubt: this.#doubt }, unwinding);
  }

  /** The end of a move that did not fail. */
  letGoOfAll({ outcome, message, from, to }: MigrateVmResult, hosts: ReadonlySet<string>): Promise<void> {
    const hasMoved = outcome === 'moved';
    const host = hasMoved ? to : from;
    return letGoOfAll({
      vm: {
        vm: this.#vm,
        workflowId: this.#workflowId,
        ...(this.#epoch === undefined ? {} : { epoch: this.#epoch }),
        outcome,
        message,
        hasMoved,
        ...(host === undefined ? {} : { host }),
      },
      hosts: this.#on(hosts),
    });
  }

  #on(hosts: ReadonlySet<string>): { readonly host: string; readonly workflowId: string }[] {
    return [...hosts].map((host) => ({ host, workflowId: this.#workflowId }));
  }
}
