/**
 * Room that checks of this worker have just promised, so that the checks of one moment spread over the hosts: looks at
 * a large herd are shared and some seconds old, and all would find the same host the best. Only plans are made by it;
 * who has the room is what the host's record says, for every worker. Without it, 50 checks at once over 30 empty hosts
 * asked records 644 times instead of 50, and four of them found no host in their 20 plans.
 */
import type { PlannerReservation } from '../model/placement.ts';

/** Longer than any look is shared, and than a move needs to appear at its target; shorter than a person waits. */
const heldMs = 30_000;

export class ChosenTargets {
  readonly #nowMs: () => number;
  readonly #held = new Map<string, { readonly untilMs: number; readonly reservation: PlannerReservation }>();

  /** @param nowMs a monotonic clock */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** The VM is about to be moved there: its room is taken, until it is let go, or half a minute has passed. */
  hold(target: Omit<PlannerReservation, 'operation'>): void {
    const reservation = { ...target, operation: `migrateVm ${target.vm}` };
    this.#held.set(target.vm, { untilMs: this.#nowMs() + heldMs, reservation });
  }

  /** The move has ended, however: what the hosts say is the whole truth again. */
  letGo(vm: string): void {
    this.#held.delete(vm);
  }

  reservations(): PlannerReservation[] {
    for (const [vm, { untilMs }] of this.#held) if (untilMs < this.#nowMs()) this.#held.delete(vm);
    return [...this.#held.values()].map(({ reservation }) => reservation);
  }
}
