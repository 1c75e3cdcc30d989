/**
 * The VM's users. Most ask for its page at a steady rate, each time on a new connection; one asks for its uptime, again
 * and again, and remembers what it was told. Their load is light: a guest that falls behind is a fault of its own.
 */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

/** What users saw of a VM. */
export interface Seen {
  readonly requests: number;
  /** How often requests failed, by reason. */
  readonly failures: Readonly<Record<string, number>>;
  /** Requests that waited for more than a second and were answered. */
  readonly waited: number;
  /** The longest time without an answer, in milliseconds. */
  readonly longestGapMs: number;
  /** Where an answer undid what an earlier one had told: the guest's clock went back within one boot. */
  readonly undone: readonly string[];
  /** Boots of the guest that answered. */
  readonly boots: number;
}

interface Answer {
  readonly askedMs: number;
  readonly answeredMs: number;
  readonly uptimeSeconds: number;
  readonly boot: string;
}

const everyMs = 200;
const waitedMs = 1_000;
/** As a person at a browser. */
const patienceMs = 10_000;
/** So many wait at a time; who comes then goes away again, unseen. */
const mostWaiting = 50;
/** The uptime is asked for by one alone: a question that was lost is soon asked anew. */
const clockPatienceMs = 3_000;

export class Users {
  readonly #address: string;
  readonly #told: Answer[] = [];
  readonly #answered: { readonly askedMs: number; readonly answeredMs: number }[] = [];
  readonly #failures = new Map<string, number>();
  readonly #open = new Set<Promise<void>>();
  readonly #end = new AbortController();
  readonly #asking: Promise<unknown>;
  readonly #startedMs = performance.now();
  #requests = 0;

  /** @param address of the VM; they begin to ask at once */
  constructor(address: string) {
    this.#address = address;
    this.#asking = Promise.all([this.#goOnVisiting(), this.#goOnAskingTheClock()]);
  }

  /** Asks no more, waits for what is still due, and counts. */
  async leave(): Promise<Seen> {
    this.#end.abort();
    const askedUntilMs = performance.now();
    await this.#asking;
    await Promise.all(this.#open);
    const answers = this.#answered.toSorted((a, b) => a.answeredMs - b.answeredMs);
    const times = [this.#startedMs, ...answers.map(({ answeredMs }) => answeredMs), askedUntilMs];
    const told = this.#told.toSorted((a, b) => a.answeredMs - b.answeredMs);
    return {
      requests: this.#requests,
      failures: Object.fromEntries(this.#failures),
      waited: answers.filter(({ askedMs, answeredMs }) => answeredMs - askedMs > waitedMs).length,
      longestGapMs: Math.round(Math.max(...times.slice(1).map((time, place) => time - (times[place] ?? 0)))),
      undone: undoneIn(told),
      boots: new Set(told.map(({ boot }) => boot)).size,
    };
  }

  /** Resolves when the uptime is told by an answer to a question that was sent after this call. */
  async answered(limitMs = 60_000): Promise<void> {
    const since = performance.now();
    while (!this.#told.some(({ askedMs }) => askedMs >= since)) {
      if (performance.now() - since > limitMs)
        throw new Error(`${this.#address} did not tell its uptime for ${limitMs} ms`);
      await pause(everyMs / 2);
    }
  }

  async #goOnVisiting(): Promise<void> {
    while (!this.#end.signal.aborted) {
      if (this.#open.size < mostWaiting) {
        const visit = this.#visit().finally(() => this.#open.delete(visit));
        this.#open.add(visit);
      }
      await pause(everyMs, undefined, { signal: this.#end.signal }).catch(() => undefined);
    }
  }

  async #visit(): Promise<void> {
    this.#requests++;
    const askedMs = performance.now();
    try {
      await answer(`http://${this.#address}/`, patienceMs);
      this.#answered.push({ askedMs, answeredMs: performance.now() });
    } catch (error) {
      const why = (error as { code?: string }).code ?? (error as Error).message;
      this.#failures.set(why, (this.#failures.get(why) ?? 0) + 1);
    }
  }

  async #goOnAskingTheClock(): Promise<void> {
    while (!this.#end.signal.aborted) {
      const askedMs = performance.now();
      const text = await answer(`http://${this.#address}/cgi-bin/up`, clockPatienceMs).catch(() => '');
      const [, clock, boot] = /^([\d.]+) .*\n([\da-f-]{36})\n$/.exec(text) ?? [];
      if (clock !== undefined && boot !== undefined)
        this.#told.push({ askedMs, answeredMs: performance.now(), uptimeSeconds: Number(clock), boot });
      await pause(everyMs, undefined, { signal: this.#end.signal }).catch(() => undefined);
    }
  }
}

/** An answer whose question was asked after another one's answer was there must not be of an earlier moment. */
function undoneIn(answers: readonly Answer[]): string[] {
  return answers.flatMap((later, place) => {
    const before = answers.slice(0, place).filter(({ answeredMs }) => answeredMs < later.askedMs);
    const sameBoot = before.filter(({ boot }) => boot === later.boot);
    const latest = Math.max(...sameBoot.map(({ uptimeSeconds }) => uptimeSeconds));
    if (latest > later.uptimeSeconds) return [`uptime ${later.uptimeSeconds} s was told after ${latest} s`];
    const last = before.at(-1);
    if (last && last.boot !== later.boot && sameBoot.length > 0)
      return [`the boot ${later.boot} answered again after ${last.boot}`];
    return [];
  });
}

async function answer(url: string, patienceMs: number): Promise<string> {
  const request = get(url, { agent: false, signal: AbortSignal.timeout(patienceMs) });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const text = (await response.toArray()).join('');
  if (response.statusCode !== 200) throw new Error(`HTTP ${response.statusCode}`);
  return text;
}
