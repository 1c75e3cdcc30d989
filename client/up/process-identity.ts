/** Which process a number means: process ids are used again, and a wrong one must never be ended. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** A process for as long as this machine runs: its number, and when it began. */
export const ProcessIdentity = z.object({
  pid: z.int().min(2),
  /** Start time in clock ticks since boot: field 22 of /proc/PID/stat, proc(5). It survives an exec. */
  startTicks: z.int().nonnegative(),
  /** /proc/sys/kernel/random/boot_id: after a reboot numbers and ticks start anew. */
  bootId: z.string(),
});
export type ProcessIdentity = z.infer<typeof ProcessIdentity>;

/** The process that has this id now; absent when none has, when it ended and was not reaped, or without /proc. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const stat = readStat(pid);
  return stat && { pid, startTicks: stat.startTicks, bootId: bootId() };
}

/** Whether that very process still runs; one that has ended and only waits to be reaped does not. */
export function isRunning({ pid, startTicks, bootId }: ProcessIdentity): boolean {
  const now = identityOf(pid);
  return now !== undefined && now.startTicks === startTicks && now.bootId === bootId;
}

/**
 * Signals that very process, and its process group if it leads one; nothing happens when it has ended.
 * @throws Error when this user may not signal it
 */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  const stat = readStat(identity.pid);
  if (!stat || !isRunning(identity)) return;
  try {
    process.kill(stat.group === identity.pid ? -identity.pid : identity.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function readStat(pid: number): { startTicks: number; group: number } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The second field is the program's name in parentheses, which may itself hold spaces and parentheses.
  const [state, , group, ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (state === 'Z' || state === 'X') return undefined;
  return { group: Number(group), startTicks: Number(rest[16]) };
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
