/** A VM's uptime, asked again and again as its users would: it shows a copy that is older than what they have seen. */
import { setTimeout as pause } from 'node:timers/promises';

const everyMs = 20;
/** A request without an answer is given up, since what answers it may be another copy. */
const patienceMs = 2000;

export class UptimeWatch implements AsyncDisposable {
  /** How often an answer was earlier than one before it. */
  stepsBack = 0;
  longestSilenceMs = 0;
  readonly #url: string;
  readonly #stop = new AbortController();
  readonly #watching: Promise<void>;
  /** The boot that was seen last: another one begins its uptime anew. */
  #boot = '';
  #latestSeconds = 0;
  #answeredAtMs = performance.now();
  #answers = 0;

  private constructor(url: string) {
    this.#url = url;
    this.#watching = this.#watch();
  }

  /** Asks `http://ADDRESS/cgi-bin/up` until it is disposed. */
  static start(address: string): UptimeWatch {
    return new UptimeWatch(`http://${address}/cgi-bin/up`);
  }

  /** Returns when another request was answered. */
  async untilAnswered(): Promise<void> {
    const before = this.#answers;
    while (this.#answers === before) await pause(everyMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    for (; !this.#stop.signal.aborted; await pause(everyMs)) {
      const answer = await this.#ask();
      if (!answer) continue;
      const now = performance.now();
      this.longestSilenceMs = Math.max(this.longestSilenceMs, now - this.#answeredAtMs);
      this.#answeredAtMs = now;
      this.#answers++;
      const { seconds, boot } = answer;
      if (boot !== this.#boot) this.#latestSeconds = 0;
      this.#boot = boot;
      if (seconds < this.#latestSeconds) this.stepsBack++;
      this.#latestSeconds = Math.max(this.#latestSeconds, seconds);
    }
  }

  async #ask(): Promise<{ seconds: number; boot: string } | undefined> {
    try {
      const response = await fetch(this.#url, {
        headers: { connection: 'close' },
        signal: AbortSignal.timeout(patienceMs),
      });
      const [uptime = '', boot = ''] = (await response.text()).split('\n');
      const seconds = Number.parseFloat(uptime);
      return Number.isFinite(seconds) ? { seconds, boot } : undefined;
    } catch {
      return undefined;
    }
  }
}
