/** Requests to a VM's web server, as its users send them, and what came of each. */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

/** What a client saw of a server while it watched. */
export interface TrafficCounts {
  readonly requests: number;
  readonly failed: number;
  /** The longest time between two answers, in milliseconds. */
  readonly longestGapMs: number;
  /** Why requests failed, each reason once, with the time of the first, in milliseconds since the start. */
  readonly failures: readonly string[];
}

/** A client that asks at a steady rate, each time on a new connection, whatever became of the request before. */
export class SteadyClient {
  readonly #url: string;
  readonly #everyMs: number;
  readonly #open = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #requests = 0;
  #failed = 0;
  #lastAnswerMs: number | undefined;
  #longestGapMs = 0;
  #startedMs = 0;
  readonly #failures = new Map<string, number>();

  constructor(url: string, requestsPerSecond: number) {
    this.#url = url;
    this.#everyMs = 1000 / requestsPerSecond;
  }

  start(): void {
    this.#startedMs = performance.now();
    this.#lastAnswerMs = this.#startedMs;
    this.#timer = setInterval(() => {
      const request = this.#ask().finally(() => this.#open.delete(request));
      this.#open.add(request);
    }, this.#everyMs);
  }

  /** As it is now. */
  get counts(): TrafficCounts {
    return {
      requests: this.#requests,
      failed: this.#failed,
      longestGapMs: Math.round(this.#longestGapMs),
      failures: [...this.#failures].map(([why, atMs]) => `${why} (first after ${Math.round(atMs)} ms)`),
    };
  }

  /** Sends no more, waits for the answers that are still due, and counts. */
  async stop(): Promise<TrafficCounts> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
    return this.counts;
  }

  async #ask(): Promise<void> {
    this.#requests++;
    const sentMs = performance.now() - this.#startedMs;
    try {
      await answer(this.#url);
      const now = performance.now();
      this.#longestGapMs = Math.max(this.#longestGapMs, now - (this.#lastAnswerMs ?? now));
      this.#lastAnswerMs = now;
    } catch (error) {
      this.#failed++;
      const why = reasonOf(error);
      if (!this.#failures.has(why)) this.#failures.set(why, sentMs);
    }
  }
}

/** Requests that a server answers in a second when `clients` of them ask without a pause, measured for `seconds`. */
export async function servedPerSecond(url: string, { clients = 2, seconds = 3 } = {}): Promise<number> {
  const began = performance.now();
  const until = began + seconds * 1000;
  let served = 0;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() < until) {
        await answer(url);
        served++;
      }
    }),
  );
  return served / ((performance.now() - began) / 1000);
}

/** Waits until `look` answers something. @throws Error that says what was waited for and what was seen last */
export async function waitFor<T>(
  what: string,
  limitSeconds: number,
  look: () => Promise<T | undefined>,
): Promise<T> {
  const until = performance.now() + limitSeconds * 1000;
  let last = 'nothing';
  do {
    try {
      const seen = await look();
      if (seen !== undefined) return seen;
    } catch (error) {
      last = (error as Error).message;
    }
    await pause(200);
  } while (performance.now() < until);
  throw new Error(`${what}: not within ${limitSeconds} s (last seen: ${last})`);
}

function reasonOf(error: unknown): string {
  return (error as { code?: string }).code ?? (error as Error).message;
}

/** As patient as a browser: a slow answer is seen in the gaps, and only what never comes is a failure. */
const patienceMs = 60_000;

async function answer(url: string): Promise<void> {
  // Not fetch: it gives a connection up after 10 s of its own.
  const request = get(url, { agent: false, signal: AbortSignal.timeout(patienceMs) });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  if (response.statusCode !== 200) throw new Error(`${url} answered ${response.statusCode}`);
}
