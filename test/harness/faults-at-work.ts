/** The faults of one scenario while it runs: waits for their places, and lets them happen there. */
import { setTimeout as pause } from 'node:timers/promises';
import { bring, type Fault } from '../../lab/simulated/faults.ts';
import { Refusal } from '../../lab/simulated/refusal.ts';
import type { Cell } from './cell.ts';
import type { Operations } from './operations.ts';
import type { Act, PlacedFault } from './scenario.ts';
import type { ActivityMoment } from './worker.ts';
import type { WorkerProcess } from './worker-process.ts';

/** Temporal answers long before. */
const soonMs = 2000;

export class FaultsAtWork {
  /** Names of the faults that found their place, in the order in which they struck; premises are none of them. */
  readonly struck: string[] = [];
  /** Names of the activities of which an attempt began. */
  readonly activities = new Set<string>();
  readonly #cell: Cell;
  readonly #operations: Operations;
  readonly #pending: Map<string, PlacedFault>;
  readonly #under: Promise<unknown>[] = [];
  readonly #unfollow: () => void;
  #isOver = false;

  /** @param operations of the scenario, which people end, or ask for more of */
  constructor(cell: Cell, faults: readonly PlacedFault[], operations: Operations) {
    this.#cell = cell;
    this.#operations = operations;
    this.#pending = new Map(faults.map((fault, at) => [`${at}/${fault.name}`, fault]));
    this.#unfollow = cell.simulation.onSprung(({ id }) => this.#sprung(id));
    cell.meets = (moment, worker) => this.#meets(moment, worker);
    for (const [id, { at, act }] of this.#pending) {
      if (at.kind !== 'call' && at.kind !== 'migration') continue;
      cell.simulation.traps.set({ id, place: at, action: isOwn(act) ? act : { kind: 'hold' } });
    }
  }

  /** The operations are about to be asked for, or were. */
  async strikeAll(kind: 'before' | 'start'): Promise<void> {
    for (const [id, { at }] of this.#pending) if (at.kind === kind) await this.#strike(id);
  }

  /** Whatever was done is undone, and whoever was stopped goes on; faults that found no place are given up. */
  async end(): Promise<void> {
    this.#isOver = true;
    this.#unfollow();
    this.#cell.meets = async () => {};
    this.#cell.simulation.traps.clear();
    await Promise.all(this.#under);
    bring(this.#cell.simulation.datacenter, { kind: 'healAll' });
    for (const worker of this.#cell.workers) if (worker.isFrozen) worker.wake();
  }

  #sprung(id: string): void {
    const fault = this.#pending.get(id);
    if (!fault) return;
    if (isOwn(fault.act)) {
      this.#pending.delete(id);
      if (!fault.isPremise) this.struck.push(fault.name);
      return;
    }
    // What is held there goes on when the fault has happened: a killed worker's call too, as on a real wire.
    this.#track(this.#strike(id).finally(() => this.#cell.simulation.traps.letGo(id)));
  }

  async #meets({ activity, attempt, phase }: ActivityMoment, worker: WorkerProcess): Promise<void> {
    this.activities.add(activity);
    for (const [id, { at }] of this.#pending) {
      const isHere =
        at.kind === 'activity' && at.activity === activity && at.attempt === attempt && at.phase === phase;
      if (isHere) await this.#strike(id, worker);
    }
  }

  async #strike(id: string, worker = this.#worker()): Promise<void> {
    const fault = this.#pending.get(id);
    if (!fault || this.#isOver) return;
    this.#pending.delete(id);
    if (!fault.isPremise) this.struck.push(fault.name);
    await this.#do(fault.act, worker);
  }

  /** The worker that does the work: not one that is frozen. */
  #worker(): WorkerProcess | undefined {
    return this.#cell.workers.find(({ isFrozen }) => !isFrozen);
  }

  async #do(act: Act, worker: WorkerProcess | undefined): Promise<void> {
    switch (act.kind) {
      case 'killWorker':
        if (worker) await this.#cell.killWorker(worker);
        return;
      case 'freezeWorker':
        if (!worker) return;
        worker.freeze();
        this.#cell.startWorker();
        this.#track(
          pause(act.forMs).then(() => {
            worker.wake();
            return undefined;
          }),
        );
        return;
      case 'killTemporal':
        this.#track(this.#cell.killTemporal());
        return;
      case 'killReceiver':
        await this.#cell.killReceiver();
        return;
      case 'cancel':
        this.#track(this.#operations.cancel());
        return;
      case 'terminate':
        await this.#soon(this.#operations.terminate());
        return;
      case 'ask':
        await this.#soon(this.#operations.ask(act.operation));
        return;
      case 'world':
        this.#bring(act.fault);
        if (act.undo) {
          const { undo, afterMs } = act;
          this.#track(pause(afterMs).then(() => this.#bring(undo)));
        }
        return;
      case 'refuse':
      case 'loseReply':
      case 'disconnect':
      case 'delay':
      case 'lie':
        throw new Error(`${act.kind} is the host's own doing: its place is a call`);
      default:
        throw new TypeError(`no such act: ${String(act satisfies never)}`);
    }
  }

  /** What can't happen any more (a guest that has ended can't crash) does not. */
  #bring(fault: Fault): void {
    try {
      bring(this.#cell.simulation.datacenter, fault);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
  }

  /** Where Temporal is away, whoever stands at the place does not wait for its return. */
  async #soon(work: Promise<unknown>): Promise<void> {
    this.#track(work);
    await Promise.race([work.catch(() => undefined), pause(soonMs)]);
  }

  #track(work: Promise<unknown>): void {
    this.#under.push(work);
    work.catch((error: unknown) => console.error('a fault of the harness failed:', error));
  }
}

type OwnAct = Extract<Act, { kind: 'refuse' | 'loseReply' | 'disconnect' | 'delay' | 'lie' }>;

function isOwn(act: Act): act is OwnAct {
  return ['refuse', 'loseReply', 'disconnect', 'delay', 'lie'].includes(act.kind);
}
