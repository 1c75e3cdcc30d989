/** CPU use, from two looks at the CPU time that hosts count. */
import type { HostReport } from '../../model/inventory.ts';

/** A second look that comes sooner says more about the counters' steps (10 ms) than about the load. */
const shortestMs = 800;
/** An earlier look that is older would average over what is long gone. */
const longestMs = 10_000;

/** Cores that each VM of a host used between two looks, by UUID; a VM that was not in both is left out. */
export type CpuUse = ReadonlyMap<string, number>;

/** Remembers the last look at each host, so that the next one can tell what was used in between. */
export class CpuMeter {
  readonly #last = new Map<string, { atMs: number; seconds: ReadonlyMap<string, number> }>();
  readonly #measured = new Map<string, { readonly atMs: number; readonly use: CpuUse }>();

  /**
   * @param nowMs a monotonic clock
   * @returns undefined where there is no earlier look of a useful age: look again after `CpuMeter.pauseMs`
   */
  observe(host: string, report: HostReport, nowMs: number): CpuUse | undefined {
    const seconds = new Map(
      report.vms.flatMap(({ uuid, cpuSeconds }) =>
        cpuSeconds === undefined ? [] : [[uuid, cpuSeconds] as const],
      ),
    );
    const last = this.#last.get(host);
    const spanMs = last ? nowMs - last.atMs : 0;
    if (last && spanMs < shortestMs) return undefined;
    this.#last.set(host, { atMs: nowMs, seconds });
    if (!last || spanMs > longestMs) return undefined;
    const use = new Map<string, number>();
    for (const [uuid, now] of seconds) {
      const before = last.seconds.get(uuid);
      // A counter that went back belongs to a VM that was started anew in between.
      if (before !== undefined && now >= before) use.set(uuid, (now - before) / (spanMs / 1000));
    }
    this.#measured.set(host, { atMs: nowMs, use });
    return use;
  }

  /**
   * The use that `observe` told last, where that is not long ago: for a look that comes too soon to measure anew, as
   * looks do where many ask.
   */
  lately(host: string, nowMs: number): CpuUse | undefined {
    const measured = this.#measured.get(host);
    return measured && nowMs - measured.atMs <= longestMs ? measured.use : undefined;
  }

  /** How long to wait between two looks, in milliseconds. */
  static readonly pauseMs = 1000;
}
