/** What the checks of an examination work with. */
import type { FenceDevice } from '../fencing/fence-agent.ts';
import { messageOf } from '../hosts/errors.ts';
import type { ExaminerOf, HostExaminer } from '../hosts/examiner.ts';
import type { Hosts, KnownHost } from '../hosts/hosts.ts';

/** Hosts that one check asks at a time. */
export const hostsAtOnce = 32;
/** Throw-away VMs that are started at a time: each costs a host a second of CPU time. */
export const trialsAtOnce = 4;

/** What a worker is given, beside its hosts, to examine them. */
export interface DoctorSite {
  readonly hosts: Hosts;
  readonly examinerOf: ExaminerOf;
  /** By the host's name. */
  readonly fences: ReadonlyMap<string, FenceDevice>;
}

/** One examination of one datacenter. */
export interface Examination extends DoctorSite {
  /** Whose findings are wanted; others of their clusters are looked at all the same. */
  readonly wanted: (host: KnownHost) => boolean;
  readonly trials: boolean;
  /** By which it knows the throw-away VMs of its own earlier attempts: 8 hexadecimal digits. */
  readonly run: string;
  readonly signal: AbortSignal;
}

export const leftOut = 'trials were left out (trials: false)';
export const noTrials = 'a host of this kind knows no such trial (a simulated one)';

/** Who can try something on a host, or why nobody can. */
export function trialOn(
  { examinerOf, trials }: Pick<Examination, 'examinerOf' | 'trials'>,
  host: KnownHost,
): HostExaminer | string {
  if (!trials) return leftOut;
  return examinerOf(host.address) ?? noTrials;
}

/** @returns what it came to, or what was thrown */
export async function settled<T>(work: () => Promise<T>): Promise<{ value: T } | { failed: string }> {
  try {
    return { value: await work() };
  } catch (error) {
    return { failed: messageOf(error) };
  }
}
