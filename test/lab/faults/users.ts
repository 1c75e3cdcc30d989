/** The VM's users: they ask for its uptime at a steady rate, each time on a new connection, and remember what they were told. */
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

export class Users {
  readonly #url: string;
  readonly #answers: Answer[] = [];
  readonly #failures = new Map<string, number>();
  readonly #open = new Set<Promise<void>>();
  readonly #end = new AbortController();
  readonly #asking: Promise<void>;
  readonly #startedMs = performance.now();
  #requests = 0;

  /** @param address of the VM; they begin to ask at once */
  constructor(address: string) {
    this.#url = `http://${address}/cgi-bin/up`;
    this.#asking = this.#goOnAsking();
  }

  /** Asks no more, waits for what is still due, and counts. */
  async leave(): Promise<Seen> {
    this.#end.abort();
    await this.#asking;
    const askedUntilMs = performance.now();
    await Promise.all(this.#open);
    const answers = this.#answers.toSorted((a, b) => a.answeredMs - b.answeredMs);
    const times = [this.#startedMs, ...answers.map(({ answeredMs }) => answeredMs), askedUntilMs];
    return {
      requests: this.#requests,
      failures: Object.fromEntries(this.#failures),
      waited: answers.filter(({ askedMs, answeredMs }) => answeredMs - askedMs > waitedMs).length,
      longestGapMs: Math.round(Math.max(...times.slice(1).map((time, place) => time - (times[place] ?? 0)))),
      undone: undoneIn(answers),
      boots: new Set(answers.map(({ boot }) => boot)).size,
    };
  }

  /** Resolves when an answer to a request comes that was sent after this call. */
  async answered(limitMs = 60_000): Promise<void> {
    const since = performance.now();
    while (!this.#answers.some(({ askedMs }) => askedMs >= since)) {
      if (performance.now() - since > limitMs) throw new Error(`${this.#url}: no answer in ${limitMs} ms`);
      await pause(everyMs / 2);
    }
  }

  async #goOnAsking(): Promise<void> {
    while (!this.#end.signal.aborted) {
      const request = this.#ask().finally(() => this.#open.delete(request));
      this.#open.add(request);
      await pause(everyMs, undefined, { signal: this.#end.signal }).catch(() => undefined);
    }
  }

  async #ask(): Promise<void> {
    this.#requests++;
    const askedMs = performance.now();
    try {
      const text = await answer(this.#url);
      const [clock = '', boot = ''] = text.split('\n');
      const answeredMs = performance.now();
      this.#answers.push({ askedMs, answeredMs, uptimeSeconds: Number.parseFloat(clock), boot });
    } catch (error) {
      const why = (error as { code?: string }).code ?? (error as Error).message;
      this.#failures.set(why, (this.#failures.get(why) ?? 0) + 1);
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

async function answer(url: string): Promise<string> {
  const request = get(url, { agent: false, signal: AbortSignal.timeout(patienceMs) });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const text = (await response.toArray()).join('');
  if (response.statusCode !== 200) throw new Error(`HTTP ${response.statusCode}`);
  return text;
}
