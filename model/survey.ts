/** The survey, which keeps the records of VMs and hosts up to date. */

/** What a survey did; its result, and small, since it runs every few minutes. */
export interface SurveyCounts {
  readonly hosts: number;
  /** Hosts that did not answer: nothing was said of their VMs. */
  readonly silent: number;
  /** VMs whose records are up to date now. */
  readonly vms: number;
  /** Records that began, of VMs and of hosts. */
  readonly created: number;
  /** VMs of which nothing could be told: a name that is never acted on, or contradictory copies. */
  readonly skipped: number;
  /** VMs and hosts whose records could not be asked; the next survey tries again. */
  readonly failed: number;
}

export function sumOfSurveys(parts: readonly SurveyCounts[]): SurveyCounts {
  const sum = (key: keyof SurveyCounts): number => parts.reduce((total, part) => total + part[key], 0);
  return {
    hosts: sum('hosts'),
    silent: sum('silent'),
    vms: sum('vms'),
    created: sum('created'),
    skipped: sum('skipped'),
    failed: sum('failed'),
  };
}
