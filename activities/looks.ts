/** Looks at whole datacenters, shared by the checks and listings of one worker. */
import { CpuMeter } from './hosts/cpu-meter.ts';
import type { Hosts } from './hosts/hosts.ts';
import { SharedLook, type Looked } from './shared-look.ts';
import { surveyHosts, type Survey } from './survey.ts';

/**
 * How old a shared look may be when a question begins: so much for each host, since looking costs in proportion, and
 * a worker should spend a fraction of its time on it, whatever the size of the herd. A few hosts are looked at anew
 * for each question; a thousand, every five seconds.
 */
const ageForEachHostMs = 5;
const oldestMs = 5000;
/** The pages of one listing come from one look, unless they are asked for more slowly than this. */
const pagesMs = 30_000;

/** The looks at one datacenter: with the load of its VMs, for which a second may have to pass, and without. */
interface DatacenterLooks {
  readonly loaded: SharedLook<Survey>;
  readonly plain: SharedLook<Survey>;
  readonly mostMs: number;
}

export class Looks {
  readonly #hosts: Hosts;
  readonly #nowMs: (() => number) | undefined;
  readonly #meter = new CpuMeter();
  readonly #datacenters = new Map<string, DatacenterLooks>();

  constructor(hosts: Hosts, nowMs?: () => number) {
    this.#hosts = hosts;
    this.#nowMs = nowMs;
  }

  /**
   * What was so at most 5 s ago, and in a small datacenter now. Good for what changes slowly or is compared over the
   * whole herd, as load and free room are. Whoever acts on one host's answer asks that host again.
   */
  async recent(datacenter: string, { withLoad }: { withLoad: boolean }): Promise<Looked<Survey>> {
    const { loaded, plain, mostMs } = this.#of(datacenter);
    if (withLoad) return loaded.recent(mostMs);
    return loaded.youngerThan(mostMs) ?? plain.recent(mostMs);
  }

  /** Every host asked after this call. */
  fresh(datacenter: string, { withLoad }: { withLoad: boolean }): Promise<Survey> {
    const { loaded, plain } = this.#of(datacenter);
    return (withLoad ? loaded : plain).fresh();
  }

  /** For a listing: every host asked anew for its first page, and the same look again for the pages after it. */
  async forPage(datacenter: string, { isFirst }: { isFirst: boolean }): Promise<Survey> {
    const { loaded } = this.#of(datacenter);
    return isFirst ? loaded.fresh() : (await loaded.recent(pagesMs)).value;
  }

  #of(datacenter: string): DatacenterLooks {
    const known = this.#datacenters.get(datacenter);
    if (known) return known;
    const count = this.#hosts.site.hosts.filter((host) => host.datacenter === datacenter).length;
    const look = (withLoad: boolean): SharedLook<Survey> =>
      new SharedLook(() => surveyHosts(this.#hosts, this.#meter, datacenter, withLoad), this.#nowMs);
    const looks = {
      loaded: look(true),
      plain: look(false),
      mostMs: Math.min(oldestMs, count * ageForEachHostMs),
    };
    this.#datacenters.set(datacenter, looks);
    return looks;
  }
}
