/** The names of throw-away VMs that an examination of the hosts makes, and which of them are leftovers. */
import { randomUUID } from 'node:crypto';

/** Lists and surveys leave out what begins so. */
export const trialPrefix = 'drover-doctor-';

const pattern = /^drover-doctor-([0-9a-z]{1,12})-([0-9a-f]{8})-[0-9a-f]{8}$/;
/** A trial takes seconds: one that is older belongs to nobody any more. */
const oldestMs = 15 * 60_000;

/** @param run 8 hexadecimal digits by which an examination knows its own */
export function trialName(run: string, now: number = Date.now()): string {
  return `${trialPrefix}${now.toString(36)}-${run}-${randomUUID().slice(0, 8)}`;
}

/** Whether a VM is what an earlier attempt of this examination, or one that died, has left. */
export function isTrialLeftover(name: string, run: string, now: number = Date.now()): boolean {
  const [, stamp, of] = pattern.exec(name) ?? [];
  if (stamp === undefined) return false;
  return of === run || now - Number.parseInt(stamp, 36) > oldestMs;
}
