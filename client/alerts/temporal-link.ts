/** The receiver's way to Temporal. */
import type { Drover } from '../drover.ts';
import { TemporalUnreachable } from '../errors.ts';

/** How long Temporal is not asked again after it did not answer. */
const pauseMs = 1000;

/**
 * While Temporal is away each question takes seconds to fail. So what comes shortly after such a failure fails at once:
 * Alertmanager tries again anyway, and nothing piles up.
 */
export class TemporalLink {
  readonly #connect: () => Promise<Drover>;
  #away: { readonly error: TemporalUnreachable; readonly untilMs: number } | undefined;

  /** @param connect gives a connection that works, made anew when there is none. @throws TemporalUnreachable */
  constructor(connect: () => Promise<Drover>) {
    this.#connect = connect;
  }

  /** @throws TemporalUnreachable, and what `act` throws */
  async use<T>(act: (drover: Drover) => Promise<T>): Promise<T> {
    if (this.#away && performance.now() < this.#away.untilMs) throw this.#away.error;
    try {
      return await act(await this.#connect());
    } catch (error) {
      if (error instanceof TemporalUnreachable) this.#away = { error, untilMs: performance.now() + pauseMs };
      throw error;
    }
  }
}
