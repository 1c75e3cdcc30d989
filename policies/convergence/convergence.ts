/**
 * Whether the copy of a running VM's memory comes to an end: how long a halt it is allowed, and when it is given up.
 *
 * A hypervisor copies the memory in passes, each over what the VM has written during the one before, and halts the VM
 * for the rest once that takes no longer than is allowed. The copy converges while each pass begins with clearly less
 * than any before. After a pass that did not, the hypervisor is allowed a longer halt, up to a limit; and a copy that
 * gets no nearer to its end for too long is given up, as is one whose time is over.
 */
import type { MigrationProgress } from '../../model/migrate-vm.ts';
import { abortOf, type Abort, type CopyLimits } from './abort.ts';
import { firstDowntimeMs, nextStep } from './steps.ts';

/**
 * A pass that begins with so much of the least before it brought nothing. What is measured varies by some hundredths
 * from pass to pass while a VM writes evenly.
 */
const noGainRatio = 0.9;
/** The figures of a pass come up to a tenth of a second late, and a pass may be as short as that. */
const settlingMs = 1000;

/** What is remembered of a copy: of however long a history, what it takes to judge it. */
export interface CopyHistory {
  readonly allowedDowntimeMs: number;
  /** The pass that was seen last; the first is 1, and 0 says that none was. */
  readonly pass: number;
  /** How long it takes to copy what that pass began with; undefined in the first, which is over all of the memory. */
  readonly restMs?: number;
  /** The least of a pass that has ended. */
  readonly leastRestMs: number;
  /** The least that was left to copy in the pass that was seen last. */
  readonly leastLeftBytes: number;
  /** When a pass last began with less, or a step was taken; since the copy began, as all times here. */
  readonly changedAtMs: number;
  /** When it last got nearer to its end. */
  readonly progressAtMs: number;
  /** Since when the longest halt is allowed. */
  readonly longestSinceMs?: number;
}

/** What the hypervisor tells, and how long the copy has gone on. */
export interface CopySeen {
  readonly progress: MigrationProgress;
  readonly elapsedMs: number;
}

export interface Judgement {
  /** For the next question. */
  readonly history: CopyHistory;
  /** Never shorter than before, never longer than the limit. */
  readonly allowedDowntimeMs: number;
  /** Absent: it may go on. */
  readonly abort?: Abort;
}

/**
 * The history of a copy that nothing was seen of.
 * @param earlier what another had it allowed already, whose history is lost
 */
export function noHistory(
  { maxDowntimeMs }: CopyLimits,
  earlier: { allowedDowntimeMs?: number | undefined } = {},
): CopyHistory {
  const allowedDowntimeMs = Math.min(
    maxDowntimeMs,
    Math.max(firstDowntimeMs, earlier.allowedDowntimeMs ?? 0),
  );
  return {
    allowedDowntimeMs,
    pass: 0,
    leastRestMs: Infinity,
    leastLeftBytes: Infinity,
    changedAtMs: 0,
    progressAtMs: 0,
    ...(allowedDowntimeMs === maxDowntimeMs ? { longestSinceMs: 0 } : {}),
  };
}

/** To be asked with each answer of the hypervisor, in their order. */
export function judgeCopy(before: CopyHistory, seen: CopySeen, limits: CopyLimits): Judgement {
  const begun = seen.progress.iteration > before.pass ? afterPass(before, seen, limits) : before;
  const history = withinPass(begun, seen);
  const abort = abortOf(history, seen, limits);
  return { history, allowedDowntimeMs: history.allowedDowntimeMs, ...(abort ? { abort } : {}) };
}

/** Another pass has begun, so the one before it did not end in a halt: did it bring anything? */
function afterPass(before: CopyHistory, { progress, elapsedMs }: CopySeen, limits: CopyLimits): CopyHistory {
  const { restMs, ...others } = before;
  const next: CopyHistory = { ...others, pass: progress.iteration, leastLeftBytes: Infinity };
  // The first look at a copy, whoever began it, is the first sign of progress.
  if (before.pass === 0) return { ...next, progressAtMs: elapsedMs, changedAtMs: elapsedMs };
  if (restMs === undefined) return next;
  if (isLess(restMs, before.leastRestMs)) return { ...next, leastRestMs: restMs, changedAtMs: elapsedMs };
  if (elapsedMs - before.changedAtMs < settlingMs) return next;
  const { maxDowntimeMs } = limits;
  const allowedDowntimeMs = nextStep(before.allowedDowntimeMs, restMs, maxDowntimeMs);
  if (allowedDowntimeMs === before.allowedDowntimeMs) return next;
  return {
    ...next,
    allowedDowntimeMs,
    changedAtMs: elapsedMs,
    ...(allowedDowntimeMs === maxDowntimeMs ? { longestSinceMs: elapsedMs } : {}),
  };
}

function withinPass(before: CopyHistory, { progress, elapsedMs }: CopySeen): CopyHistory {
  const restMs = restOf(before, progress);
  const known = restMs === undefined ? before : { ...before, restMs };
  const { remainingBytes } = progress;
  if (remainingBytes >= before.leastLeftBytes) return known;
  // A pass over no less than another before it leads nowhere, however far it has come.
  const leads = restMs === undefined || isLess(restMs, before.leastRestMs);
  return { ...known, leastLeftBytes: remainingBytes, ...(leads ? { progressAtMs: elapsedMs } : {}) };
}

/** How long it takes to copy what the pass began with: as the hypervisor expects, else by the most that was seen of it. */
function restOf({ restMs }: CopyHistory, progress: MigrationProgress): number | undefined {
  const { iteration, expectedDowntimeMs, remainingBytes, bytesPerSecond } = progress;
  if (iteration <= 1) return undefined;
  if (expectedDowntimeMs !== undefined) return expectedDowntimeMs;
  if (bytesPerSecond <= 0) return restMs;
  return Math.max(restMs ?? 0, (remainingBytes / bytesPerSecond) * 1000);
}

function isLess(restMs: number, leastMs: number): boolean {
  return restMs <= leastMs * noGainRatio;
}
