/**
 * Traps: what is to happen when a session asks a host for something, or a migration reaches a moment. A fault is
 * placed by what is done and how often it was done before, never by the time, so that a seed finds the same place
 * again.
 */
import { z } from 'zod';
import { simulatedRequests } from '../../model/simulated.ts';
import { migrationMoments } from './world.ts';

/** Where a trap stands. `nth` counts the matching occasions from 1, from when it was set. */
export const Place = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('call'),
    call: z.enum(simulatedRequests),
    /** Absent: any host. */
    host: z.string().optional(),
    nth: z.int().min(1).default(1),
    /** `before` it is done; `after` it is done and before it is answered; `answered`: the answer has gone. */
    phase: z.enum(['before', 'after', 'answered']),
  }),
  z.strictObject({
    kind: z.literal('migration'),
    moment: z.enum(migrationMoments),
    nth: z.int().min(1).default(1),
  }),
]);
export type Place = z.infer<typeof Place>;

/** What a trap does by itself. */
export const OwnAction = z.discriminatedUnion('kind', [
  /** The call is not done, and the host says no. */
  z.strictObject({
    kind: z.literal('refuse'),
    /** Default: OPERATION_FAILED. */
    code: z.enum(['OPERATION_FAILED', 'OPERATION_DENIED']).optional(),
    message: z.string().default('refused by a trap'),
  }),
  /** The answer never comes, whatever was done. */
  z.strictObject({ kind: z.literal('loseReply') }),
  /** The connection ends. */
  z.strictObject({ kind: z.literal('disconnect') }),
  z.strictObject({ kind: z.literal('delay'), ms: z.number().nonnegative() }),
  /** A sight, a report or a progress that is not so: the VM is said to be absent. */
  z.strictObject({ kind: z.literal('lie') }),
]);

/** `hold` waits until whoever set the trap lets go; the others act by themselves. */
export const TrapAction = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('hold') }),
  ...OwnAction.options,
]);
export type TrapAction = z.infer<typeof TrapAction>;

export const Trap = z.strictObject({ id: z.string(), place: Place, action: TrapAction });
export type Trap = z.infer<typeof Trap>;

/** What a call meets at one of its phases. */
export interface Occasion {
  readonly kind: 'call';
  readonly call: string;
  readonly host: string;
  readonly phase: 'before' | 'after' | 'answered';
}
export interface MigrationOccasion {
  readonly kind: 'migration';
  readonly moment: string;
}

export class Traps {
  readonly #armed = new Map<string, { readonly trap: Trap; left: number }>();
  readonly #held = new Map<string, () => void>();
  readonly #sprung: (trap: Trap) => void;

  /** @param sprung is told of each trap as it springs */
  constructor(sprung: (trap: Trap) => void) {
    this.#sprung = sprung;
  }

  set(trap: Trap): void {
    this.#armed.set(trap.id, { trap, left: trap.place.nth });
  }

  /** Takes a trap away; what it holds goes on. */
  letGo(id: string): void {
    this.#armed.delete(id);
    this.#held.get(id)?.();
    this.#held.delete(id);
  }

  clear(): void {
    for (const id of [...this.#armed.keys(), ...this.#held.keys()]) this.letGo(id);
  }

  /**
   * Springs every trap whose turn it is here, each once. Every `hold` among them has ended when this resolves.
   * @returns what is to be done: of several, the first that is no `hold`
   */
  async meet(occasion: Occasion | MigrationOccasion): Promise<TrapAction | undefined> {
    // All that stand here have met this occasion, whatever the first of them does.
    const here = [...this.#armed.values()].filter(({ trap }) => stands(trap.place, occasion));
    for (const armed of here) armed.left--;
    const springing = here.filter(({ left }) => left <= 0).map(({ trap }) => trap);
    const holds: Promise<void>[] = [];
    for (const { id, action } of springing) {
      this.#armed.delete(id);
      if (action.kind === 'hold') holds.push(new Promise((resolve) => this.#held.set(id, resolve)));
    }
    for (const trap of springing) this.#sprung(trap);
    await Promise.all(holds);
    return (springing.find(({ action }) => action.kind !== 'hold') ?? springing[0])?.action;
  }

  /** Whether any trap is armed: without, nobody has to wait. */
  get isEmpty(): boolean {
    return this.#armed.size === 0;
  }
}

function stands(place: Place, occasion: Occasion | MigrationOccasion): boolean {
  if (place.kind === 'migration') return occasion.kind === 'migration' && occasion.moment === place.moment;
  return (
    occasion.kind === 'call' &&
    occasion.call === place.call &&
    occasion.phase === place.phase &&
    (place.host === undefined || place.host === occasion.host)
  );
}
