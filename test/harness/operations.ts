/** The operations of one run of a scenario: asked for, ended by people, and awaited with all that comes of them. */
import { setTimeout as pause } from 'node:timers/promises';
import { OperationFailed } from '../../client/errors.ts';
import type { AlertResult } from '../../model/alerts.ts';
import type { MaintainHostsRequest, MaintainHostsResult } from '../../model/maintain-hosts.ts';
import { awaitEnding, untilReached, untilStarted } from './await-ending.ts';
import type { Cell } from './cell.ts';
import { falseClaim, type Ending } from './endings.ts';
import { postAlert } from './post-alert.ts';
import type { AskedOperation } from './scenario.ts';

/** Between two looks at a record that has yet to find out that its holder is gone. */
const lookEveryMs = 200;
/** Nothing is in its way. */
const settleLimitMs = 30_000;

type AskedMaintenance = Extract<AskedOperation, { workflow: 'maintainHosts' }>['input'];

/** zod's optional keys may be undefined, and a request's may not. */
function maintenanceOf({ hosts, partial, moveBack }: AskedMaintenance): MaintainHostsRequest {
  return {
    hosts,
    ...(partial === undefined ? {} : { partial }),
    ...(moveBack === undefined ? {} : { moveBack }),
  };
}

export class Operations {
  /** Every alert that was posted, with what it was answered. */
  readonly triggers: { id: string; answer?: AlertResult; workflowId?: string }[] = [];
  /** What they said of their ends and was not so, a sentence each. */
  readonly denied: string[] = [];
  readonly #cell: Cell;
  readonly #run: string;
  readonly #vms: readonly string[];
  readonly #untilMs: number;
  readonly #struck: () => readonly string[];
  readonly #maintenances = new Set<string>();
  readonly #asked: { readonly workflowId: string; readonly vm: string }[] = [];
  readonly #ends: Promise<readonly Ending[]>[] = [];
  #hasTerminated = false;

  /**
   * @param run names this run among all of the process
   * @param vms of the datacenter
   * @param struck names of the faults that have struck so far
   */
  constructor(
    cell: Cell,
    {
      run,
      vms,
      untilMs,
      struck,
    }: {
      readonly run: string;
      readonly vms: readonly string[];
      readonly untilMs: number;
      readonly struck: () => readonly string[];
    },
  ) {
    this.#cell = cell;
    this.#run = run;
    this.#vms = vms;
    this.#untilMs = untilMs;
    this.#struck = struck;
  }

  /** An operation was terminated: what it held is held until its records have found that out. */
  get hasTerminated(): boolean {
    return this.#hasTerminated;
  }

  /** Asks for one; resolves when that is durable. Its end is awaited by `endings`. */
  async ask(operation: AskedOperation): Promise<void> {
    const started = this.#start(operation, `${this.#run}/${this.#ends.length}`);
    this.#ends.push(
      started.then(async (workflowId) => {
        if (workflowId === undefined) return [];
        if (operation.workflow === 'maintainHosts')
          return await this.#maintenanceEnds(workflowId, operation.input.hosts[0] ?? '');
        const { vm } = operation.input;
        const isAlone = (): boolean =>
          this.#maintenances.size === 0 && this.#asked.filter((asked) => asked.vm === vm).length === 1;
        return [await this.#end({ workflow: operation.workflow, workflowId, vm }, { isAlone })];
      }),
    );
    await started;
  }

  /** A person asks all of them to end. */
  async cancel(): Promise<void> {
    for (const { workflowId } of this.#asked)
      await untilReached(this.#untilMs, async () =>
        (await this.#cell.drover()).operation(workflowId).cancel(),
      );
  }

  /** A person terminates the one that was asked for first. */
  async terminate(): Promise<void> {
    const [first] = this.#asked;
    if (!first) return;
    this.#hasTerminated = true;
    await untilReached(this.#untilMs, () =>
      this.#cell.terminate(first.workflowId, 'terminated by the harness'),
    );
  }

  /**
   * Waits until all have ended, those too that were asked for meanwhile; and where one was terminated, until each VM's
   * record has found that out, and has had settled what was left.
   */
  async endings(): Promise<Ending[]> {
    const endings: Ending[] = [];
    for (let at = 0; at < this.#ends.length; at++) {
      endings.push(...((await this.#ends[at]) ?? []));
    }
    if (!this.#hasTerminated) return endings;
    const settles = await Promise.all(this.#vms.map((vm) => this.#settles(vm)));
    return [...endings, ...settles.flat()];
  }

  /** A person settles these, one after another, when all has come to rest. */
  async settleAfterwards(vms: readonly string[]): Promise<Ending[]> {
    const endings: Ending[] = [];
    for (const vm of vms) {
      const workflowId = `${this.#run}/settle-${vm}`;
      const untilMs = performance.now() + settleLimitMs;
      await untilReached(untilMs, async () =>
        (await this.#cell.drover()).start('settleVm', { vm }, { workflowId, whenKnown: 'join' }),
      );
      endings.push(await this.#end({ workflow: 'settleVm', workflowId, vm }, { untilMs }));
    }
    return endings;
  }

  async #start(operation: AskedOperation, workflowId: string): Promise<string | undefined> {
    const { input, by } = operation;
    if (by === 'alert') {
      const trigger = await postAlert(this.#cell, input.vm, workflowId, this.#untilMs);
      this.triggers.push(trigger);
      if (!trigger.workflowId) return undefined;
      this.#asked.push({ workflowId: trigger.workflowId, vm: input.vm });
      return trigger.workflowId;
    }
    await untilReached(this.#untilMs, async () => {
      const drover = await this.#cell.drover();
      const options = { workflowId, whenKnown: 'join' } as const;
      if (operation.workflow === 'migrateVm') await drover.start('migrateVm', operation.input, options);
      else if (operation.workflow === 'maintainHosts')
        await drover.start('maintainHosts', maintenanceOf(operation.input), options);
      else await drover.start('settleVm', operation.input, options);
    });
    if (operation.workflow === 'maintainHosts') this.#maintenances.add(workflowId);
    this.#asked.push({ workflowId, vm: 'vm' in input ? input.vm : '' });
    return workflowId;
  }

  /** The end of a maintenance, which a person finishes as soon as that is taken; and of the last move of each VM. */
  async #maintenanceEnds(workflowId: string, host: string): Promise<readonly Ending[]> {
    const look = async () => (await this.#cell.drover()).operation(workflowId).look();
    while (performance.now() < this.#untilMs) {
      const { isRunning, status } = await untilReached(this.#untilMs, look);
      if (!isRunning) break;
      if (status?.step === 'held' || status?.step === 'left') {
        // It may be canceled, or end, at this very moment: then it needs no word of ours.
        await (
          await this.#cell.drover()
        )
          .operation(workflowId)
          .finishMaintenance()
          .catch(() => undefined);
      }
      await pause(lookEveryMs);
    }
    const ending = await this.#end({ workflow: 'maintainHosts', workflowId, vm: host });
    if (ending.ending === undefined) return [ending];
    const { vms } = await untilReached(this.#untilMs, async () =>
      (await this.#cell.drover())
        .operation<MaintainHostsResult>(workflowId)
        .result()
        .catch((error: unknown) => {
          if (error instanceof OperationFailed) return { vms: [] };
          throw error;
        }),
    );
    const moves = await Promise.all(
      vms.flatMap(({ vm, operation }) =>
        operation === undefined
          ? []
          : [this.#end({ workflow: 'migrateVm', workflowId: operation, vm }, { isAlone: () => false })],
      ),
    );
    return [ending, ...moves];
  }

  async #end(
    of: Pick<Ending, 'workflow' | 'workflowId' | 'vm'>,
    {
      isAlone = () => true,
      untilMs = this.#untilMs,
    }: { readonly isAlone?: () => boolean; readonly untilMs?: number } = {},
  ): Promise<Ending> {
    const ending = await awaitEnding(this.#cell, of, untilMs);
    // What it claims is so now, or was: another operation may move the VM on.
    const denial = falseClaim(ending, this.#cell.simulation.datacenter, this.#struck(), isAlone());
    if (denial !== undefined) this.denied.push(denial);
    return ending;
  }

  /** The settles that a VM's record begins by itself, one after another. */
  async #settles(vm: string): Promise<Ending[]> {
    const endings: Ending[] = [];
    const known = new Set<string>();
    while (performance.now() < this.#untilMs) {
      const record = await untilReached(this.#untilMs, async () => (await this.#cell.drover()).vmRecord(vm));
      const lease = record?.lease;
      if (!lease) break;
      const { holder, state, epoch } = lease;
      const begun = state === 'inDoubt' ? `settle-vm/${vm}/${epoch}` : holder.workflowId;
      const isSettle = begun.startsWith('settle-vm/');
      // One that has ended and left it in doubt has asked a person.
      if (state === 'inDoubt' && holder.workflowId.startsWith('settle-vm/')) break;
      if (isSettle && !known.has(begun)) {
        known.add(begun);
        await untilStarted(this.#cell, begun, this.#untilMs);
        endings.push(await this.#end({ workflow: 'settleVm', workflowId: begun, vm }));
      } else await pause(lookEveryMs);
    }
    return endings;
  }
}
