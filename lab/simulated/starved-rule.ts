/** The rule `DroverVmStarved` as Prometheus would evaluate it: the same condition that `drover rules` writes. */
import { z } from 'zod';

/** As `starved` in drover.yaml. */
export const StarvedThresholds = z.strictObject({
  hostBusyRatio: z.number().positive().max(1),
  vmShareOfHost: z.number().positive().max(1),
  forSeconds: z.number().min(0),
  windowSeconds: z.number().min(2),
});
export type StarvedThresholds = z.infer<typeof StarvedThresholds>;

/** What one VM uses on one host. */
export interface VmRate {
  readonly host: string;
  readonly vm: string;
  readonly cores: number;
}

/** An alert whose condition holds. */
export interface ActiveAlert extends VmRate {
  readonly state: 'pending' | 'firing';
  /** Since when the condition has held. */
  readonly activeAt: Date;
  /** When it began to fire: what Alertmanager is given as `startsAt`, and what names the episode. */
  readonly firedAt?: Date;
}

export class StarvedRule {
  readonly #thresholds: StarvedThresholds;
  readonly #active = new Map<string, { readonly sinceMs: number; readonly activeAt: Date; firedAt?: Date }>();

  constructor(thresholds: StarvedThresholds) {
    this.#thresholds = thresholds;
  }

  /**
   * @param nowMs on the clock that `forSeconds` is counted on
   * @param cpus cores of each host, as drover.yaml says
   */
  evaluate(nowMs: number, rates: readonly VmRate[], cpus: ReadonlyMap<string, number>): ActiveAlert[] {
    const { hostBusyRatio, vmShareOfHost, forSeconds } = this.#thresholds;
    const busy = new Map<string, number>();
    for (const { host, cores } of rates) busy.set(host, (busy.get(host) ?? 0) + cores);
    const starved = rates.filter(({ host, cores }) => {
      const ofHost = cpus.get(host);
      return (
        ofHost !== undefined &&
        cores >= vmShareOfHost * ofHost &&
        (busy.get(host) ?? 0) >= hostBusyRatio * ofHost
      );
    });
    const keys = new Set(starved.map(keyOf));
    for (const key of this.#active.keys()) if (!keys.has(key)) this.#active.delete(key);
    return starved.map((rate) => {
      const known = this.#active.get(keyOf(rate)) ?? { sinceMs: nowMs, activeAt: new Date() };
      this.#active.set(keyOf(rate), known);
      if (nowMs - known.sinceMs >= forSeconds * 1000) known.firedAt ??= new Date();
      const { activeAt, firedAt } = known;
      return { ...rate, activeAt, ...(firedAt ? { state: 'firing', firedAt } : { state: 'pending' }) };
    });
  }
}

export function labelsOf({ host, vm }: VmRate): Record<string, string> {
  return { alertname: 'DroverVmStarved', host, severity: 'warning', vm };
}

/** The texts of the rule file; a test holds them equal. */
export function annotationsOf({ host, vm, cores }: VmRate): Record<string, string> {
  return {
    summary: `${vm} is short of CPU on ${host}`,
    description: `${host} gives all the CPU it has, and ${vm} takes a large part of it (${Number(cores.toPrecision(4))} cores). Drover moves the VM to a host with room, if there is one.`,
  };
}

function keyOf({ host, vm }: VmRate): string {
  return `${host} ${vm}`;
}
