/** The CPU time that the VMs of a simulated host use: each its load, or its share where the host is short. */
import type { Copy } from './copy.ts';
import type { World } from './world.ts';

export class CpuTime {
  readonly #world: World;
  readonly #cpus: number;
  #accountedMs = 0;

  constructor(world: World, cpus: number) {
    this.#world = world;
    this.#cpus = cpus;
  }

  /** Counts what has been used since the last account; to be called before anything changes. */
  account(copies: Iterable<Copy>): void {
    const nowMs = this.#world.clock.nowMs();
    const spanMs = nowMs - this.#accountedMs;
    this.#accountedMs = nowMs;
    for (const [copy, cores] of this.#shares(copies)) if (copy.live) copy.live.cpuMs += cores * spanMs;
  }

  /** Cores that each running VM gets now. */
  #shares(copies: Iterable<Copy>): Map<Copy, number> {
    const wanting = [...copies]
      .filter((copy) => copy.state === 'running' && copy.live)
      .map((copy) => {
        const { loadCores } = this.#world.traitsOf(copy.uuid);
        return [copy, Math.min(loadCores, copy.shape?.vcpus ?? 1)] as const;
      });
    const wanted = wanting.reduce((sum, [, cores]) => sum + cores, 0);
    const share = wanted > this.#cpus ? this.#cpus / wanted : 1;
    return new Map(wanting.map(([copy, cores]) => [copy, cores * share]));
  }
}
