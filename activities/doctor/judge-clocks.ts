/** Clocks of hosts, against that of the worker and against one another. */
import type { DoctorFinding } from '../../model/doctor.ts';
import { findingsOf, spanText } from './findings.ts';

/** How far a clock is ahead of the worker's (negative: behind), and how exactly that is known. */
export interface ClockReading {
  readonly offsetMs: number;
  readonly uncertaintyMs: number;
}

export const clockLimits = { warningMs: 2000, errorMs: 30_000 } as const;

const advice =
  'let chrony or systemd-timesyncd keep the time on the hosts and on the worker: certificates, logs and metrics are compared by it';

export function judgeClock(host: string, { offsetMs, uncertaintyMs }: ClockReading): DoctorFinding {
  const finding = findingsOf(host, 'clock');
  const { warningMs, errorMs } = clockLimits;
  // What may be due to the way there and back is not held against the clock.
  const leastMs = Math.max(0, Math.abs(offsetMs) - uncertaintyMs);
  const ahead = offsetMs < 0 ? 'behind' : 'ahead of';
  const measured = `its clock is ${spanText(Math.abs(offsetMs))} ${ahead} the worker's (within ${spanText(uncertaintyMs)})`;
  if (leastMs > errorMs) return finding.error(`${measured}: above ${spanText(errorMs)}`, advice);
  if (leastMs > warningMs) return finding.warning(`${measured}: above ${spanText(warningMs)}`, advice);
  return finding.ok(measured);
}

/** The two clocks of a cluster that differ most; undefined where fewer than two are known. */
export function judgeClocks(
  cluster: string,
  readings: ReadonlyMap<string, ClockReading>,
): DoctorFinding | undefined {
  const sorted = [...readings].toSorted(([, a], [, b]) => a.offsetMs - b.offsetMs);
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (!first || !last || sorted.length < 2) return undefined;
  const finding = findingsOf(`cluster ${cluster}`, 'clock');
  const apartMs = last[1].offsetMs - first[1].offsetMs;
  const leastMs = Math.max(0, apartMs - first[1].uncertaintyMs - last[1].uncertaintyMs);
  const measured = `the clocks of ${first[0]} and ${last[0]} are ${spanText(apartMs)} apart`;
  const { warningMs, errorMs } = clockLimits;
  if (leastMs > errorMs) return finding.error(`${measured}: above ${spanText(errorMs)}`, advice);
  if (leastMs > warningMs) return finding.warning(`${measured}: above ${spanText(warningMs)}`, advice);
  return finding.ok(`${measured} at most, of ${sorted.length} hosts`);
}
