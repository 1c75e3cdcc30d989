/** A copy of a VM's memory as QEMU makes it, for the tests of the policy: passes, and the halt once it is short enough. */
import type { CopyLimits } from './abort.ts';
import { judgeCopy, noHistory, type CopyHistory, type Judgement } from './convergence.ts';

/** How a VM writes and how fast it is copied, from a moment of the copy on. */
export interface Stretch {
  readonly fromSeconds: number;
  readonly copiedMiBps: number;
  readonly writtenMiBps: number;
  /** The part of its memory that it writes over and over. */
  readonly writtenMiB: number;
}

export interface CopyCourse {
  readonly end: 'halts' | 'budget' | 'noProgress';
  readonly reason?: string;
  readonly seconds: number;
  /** The halts that were allowed, in their order. */
  readonly allowed: readonly number[];
  /** Every judgement, in their order. */
  readonly judgements: readonly Judgement[];
}

const mebibyte = 1024 ** 2;
const tickMs = 10;
const lookEveryMs = 200;

/** @param isMeasured whether the hypervisor says what the last pass began with */
export function copyOf(
  memoryMiB: number,
  stretches: readonly Stretch[],
  limits: CopyLimits,
  { isMeasured = true } = {},
): CopyCourse {
  let history: CopyHistory = noHistory(limits);
  const judgements: Judgement[] = [];
  const allowed = [history.allowedDowntimeMs];
  const pass = { number: 1, beganWith: memoryMiB, left: memoryMiB, written: 0 };
  for (let nowMs = tickMs; ; nowMs += tickMs) {
    const stretch = stretches.findLast(({ fromSeconds }) => fromSeconds * 1000 < nowMs);
    if (!stretch) throw new Error('the first stretch begins after the copy');
    const { copiedMiBps, writtenMiBps, writtenMiB } = stretch;
    pass.left = Math.max(0, pass.left - (copiedMiBps * tickMs) / 1000);
    pass.written = Math.min(writtenMiB, pass.written + (writtenMiBps * tickMs) / 1000);
    const ofHalt = (copiedMiBps * history.allowedDowntimeMs) / 1000;
    const course = { seconds: nowMs / 1000, allowed, judgements };
    if (pass.left <= ofHalt && copiedMiBps > 0) {
      // What is written again before it was copied is copied once.
      const among = pass.number === 1 ? memoryMiB : writtenMiB;
      const left = pass.written + pass.left * Math.max(0, 1 - pass.written / among);
      if (left <= ofHalt) return { end: 'halts', ...course };
      Object.assign(pass, { number: pass.number + 1, beganWith: left, left, written: 0 });
    }
    if (nowMs % lookEveryMs !== 0) continue;
    const expects = isMeasured && pass.number > 1 && copiedMiBps > 0;
    const progress = {
      elapsedMs: nowMs,
      totalBytes: memoryMiB * mebibyte,
      processedBytes: 0,
      remainingBytes: pass.left * mebibyte,
      bytesPerSecond: copiedMiBps * mebibyte,
      dirtyBytesPerSecond: writtenMiBps * mebibyte,
      iteration: pass.number,
      ...(expects ? { expectedDowntimeMs: Math.round((pass.beganWith / copiedMiBps) * 1000) } : {}),
    };
    const judgement = judgeCopy(history, { progress, elapsedMs: nowMs }, limits);
    judgements.push(judgement);
    ({ history } = judgement);
    if (judgement.allowedDowntimeMs !== allowed.at(-1)) allowed.push(judgement.allowedDowntimeMs);
    if (judgement.abort) return { end: judgement.abort.kind, reason: judgement.abort.reason, ...course };
  }
}
