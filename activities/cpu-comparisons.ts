/**
 * On which hosts a VM's CPU runs, remembered: asking a thousand hosts for each check would be most of its work, and
 * the answers change only with a host's hardware or hypervisor, neither of which changes while it is up.
 */
import type { VmDefinition } from '../model/vm-definition.ts';
import { atMost } from './hosts/at-most.ts';
import { cpuQuestion } from './hosts/cpu-question.ts';
import { messageOf } from './hosts/errors.ts';
import { mostAtOnce, type Hosts } from './hosts/hosts.ts';
import type { SilentHost, SurveyedHost } from './survey.ts';

const rememberedMs = 10 * 60_000;
/** Of a herd whose VMs all have different CPUs; the oldest are forgotten first. */
const mostRemembered = 200_000;

export interface CpuAnswers {
  /** Why the VM's CPU does not run on a host, by host. */
  readonly incompatible: Map<string, string>;
  /** Hosts that answered the look and not this question. */
  readonly silent: readonly SilentHost[];
}

export class CpuComparisons {
  readonly #hosts: Hosts;
  readonly #nowMs: () => number;
  readonly #known = new Map<string, { readonly atMs: number; readonly why: Promise<string | undefined> }>();

  /** @param nowMs a monotonic clock */
  constructor(hosts: Hosts, nowMs: () => number = () => performance.now()) {
    this.#hosts = hosts;
    this.#nowMs = nowMs;
  }

  /** Asks the hosts of which it is not known. The target of a move is asked again by its last check. */
  async compare(
    targets: readonly SurveyedHost[],
    definition: VmDefinition,
    sourceCpu: string,
  ): Promise<CpuAnswers> {
    const incompatible = new Map<string, string>();
    const silent: SilentHost[] = [];
    const question = cpuQuestion(definition, sourceCpu);
    await atMost(mostAtOnce, targets, async ({ host, report }) => {
      const key = `${host.address.name} ${report.uuid} ${report.hypervisor} ${question}`;
      try {
        const why = await this.#answer(key, async () => {
          await using session = await this.#hosts.open(host);
          return await session.cpuIncompatibility(definition, sourceCpu);
        });
        if (why !== undefined) incompatible.set(host.address.name, why);
      } catch (error) {
        silent.push({ host, unreachable: messageOf(error) });
      }
    });
    return { incompatible, silent };
  }

  #answer(key: string, ask: () => Promise<string | undefined>): Promise<string | undefined> {
    const known = this.#known.get(key);
    if (known && this.#nowMs() - known.atMs <= rememberedMs) return known.why;
    const why = ask();
    this.#known.delete(key);
    this.#known.set(key, { atMs: this.#nowMs(), why });
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostRemembered && oldest !== undefined) this.#known.delete(oldest);
    // A host that could not be asked is asked again by whoever comes next.
    why.catch(() => this.#known.delete(key));
    return why;
  }
}
