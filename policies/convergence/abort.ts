/** When a copy is given up, and what is said of it: what was measured, against which limit, and what to try. */
import type { ConvergenceSettings } from '../../model/convergence.ts';
import type { MigrationProgress } from '../../model/migrate-vm.ts';
import type { CopyHistory, CopySeen } from './convergence.ts';

/** What a copy is held to. */
export interface CopyLimits extends Omit<ConvergenceSettings, 'diskCheckSeconds'> {
  /** Its whole time. */
  readonly budgetSeconds: number;
  /** The rate that it was limited to by whoever asked for it. */
  readonly bandwidthMiBps?: number;
}

export interface Abort {
  /** `budget`: its time is over. `noProgress`: it got no nearer to its end for too long. */
  readonly kind: 'budget' | 'noProgress';
  readonly reason: string;
}

/** Undefined while it may go on. */
export function abortOf(history: CopyHistory, seen: CopySeen, limits: CopyLimits): Abort | undefined {
  const { budgetSeconds } = limits;
  if (seen.elapsedMs >= budgetSeconds * 1000) {
    const what = `the copy was not done after ${budgetSeconds} s (timeoutSeconds)`;
    return { kind: 'budget', reason: inWords(what, history, seen.progress, limits, true) };
  }
  const worn = patiencesOf(history, limits).find(({ ms, sinceMs }) => seen.elapsedMs - sinceMs >= ms);
  if (!worn) return undefined;
  const what = `the copy has got no nearer to its end for ${worn.ms / 1000} s (${worn.setting})`;
  return { kind: 'noProgress', reason: inWords(what, history, seen.progress, limits, false) };
}

interface Patience {
  readonly ms: number;
  readonly sinceMs: number;
  /** Which setting says so. */
  readonly setting: string;
}

function patiencesOf({ progressAtMs, longestSinceMs }: CopyHistory, limits: CopyLimits): readonly Patience[] {
  const { noProgressSeconds, noProgressAtLongestSeconds } = limits;
  const usual = {
    ms: noProgressSeconds * 1000,
    sinceMs: progressAtMs,
    setting: 'migrations.noProgressSeconds',
  };
  if (longestSinceMs === undefined) return [usual];
  const atLongest = {
    ms: noProgressAtLongestSeconds * 1000,
    sinceMs: Math.max(progressAtMs, longestSinceMs),
    setting: 'migrations.noProgressAtLongestSeconds, since the longest halt is allowed',
  };
  return [usual, atLongest];
}

function inWords(
  what: string,
  { restMs, allowedDowntimeMs }: CopyHistory,
  progress: MigrationProgress,
  { maxDowntimeMs, bandwidthMiBps }: CopyLimits,
  isTimeOver: boolean,
): string {
  const copied = `copied at ${mebibytes(progress.bytesPerSecond)}/s`;
  const more =
    bandwidthMiBps === undefined ? 'a faster network' : `more bandwidthMiBps than ${bandwidthMiBps}`;
  const longer = isTimeOver ? ['a longer timeoutSeconds'] : [];
  if (restMs === undefined) {
    const left = `${mebibytes(progress.remainingBytes)} of ${mebibytes(progress.totalBytes)}`;
    return `${what}: ${left} had not been copied once, ${copied}; try ${either([...longer, more])}`;
  }
  const rest = `the VM would still have to stand still for ${Math.round(restMs)} ms, ${allowedDowntimeMs} are allowed`;
  const limit = allowedDowntimeMs === maxDowntimeMs ? ' at most (maxDowntimeMs)' : ' so far';
  const written =
    progress.dirtyBytesPerSecond > 0 ? `, written at ${mebibytes(progress.dirtyBytesPerSecond)}/s` : '';
  // Some room above what was measured, in round figures; no operation takes more than a minute.
  const enough = Math.ceil((restMs * 1.2) / 100) * 100;
  const halt = restMs > maxDowntimeMs && enough <= 60_000 ? [`a maxDowntimeMs of ${enough}`] : [];
  const ways = either([...longer, ...halt, more, 'a time at which the VM writes less']);
  return `${what}: ${rest}${limit}; its memory is ${copied}${written}; try ${ways}`;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(0)} MiB`;
}

function either(ways: readonly string[]): string {
  return ways.length < 2 ? ways.join('') : `${ways.slice(0, -1).join(', ')} or ${ways.at(-1)}`;
}
