/** What every planner shares: how full a host may get, and when it counts as busy. */
import { z } from 'zod';

/** The limits behind the hard filters, and the loads that the scores aim at. */
export const EngineSettings = z.strictObject({
  /** MiB that VMs may be given for each MiB of the host. 1: no VM's memory is promised twice. */
  memoryOvercommit: z.number().positive().default(1),
  /** vCPUs that may run for each core of the host; beyond it the host is refused as `cpuShort`. */
  cpuOvercommit: z.number().positive().default(4),
  /** From this share of its cores on a host is saturated: its VMs may want more CPU than they get. */
  saturatedRatio: z.number().positive().max(1).default(0.9),
  /** The share of its cores up to which a host may be busy without being scored down for it. */
  targetBusyRatio: z.number().positive().max(1).default(0.8),
});
export type EngineSettings = z.infer<typeof EngineSettings>;

export const defaultEngineSettings: EngineSettings = EngineSettings.parse({});
