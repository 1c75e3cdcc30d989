/** The copy of a VM's memory as one line that fits where it is shown. */
import stringWidth from 'string-width';
import type { MigrationProgress } from '../../model/migrate-vm.ts';

const mebibyte = 1024 ** 2;
const barWidth = { least: 6, most: 30 } as const;

interface Part {
  readonly text: string;
  /** What is left out first where there is no room has the highest. */
  readonly rank: number;
}

/**
 * `[######----]  host1 to host2  62 %  118 MiB/s  written 4 MiB/s  rest 240 MiB, 2.1 s  0 ms down  pass 1  7 s`
 * @param width columns of the terminal; what does not fit is left out, the least important first. Absent: a line of a
 *   log, which has everything and no bar
 * @param way `host1 to host2`
 */
export function moveLine(
  progress: MigrationProgress,
  { width, way }: { width?: number; way?: string } = {},
): string {
  const { aborting } = progress;
  const all: Part[] = [
    ...(aborting ? [{ text: `aborting, since ${aborting.reason}`, rank: 0 }] : []),
    ...(way === undefined ? [] : [{ text: way, rank: 6 }]),
    { text: `${Math.floor(copiedShare(progress) * 100)} %`, rank: 0 },
    { text: `${sizeText(progress.bytesPerSecond)}/s`, rank: 1 },
    { text: `written ${sizeText(progress.dirtyBytesPerSecond)}/s`, rank: 3 },
    { text: restText(progress), rank: 2 },
    // While memory is copied the VM runs on: it stands still after the last of these lines, for the switch-over.
    { text: '0 ms down', rank: 5 },
    ...limitsOf(progress).map((text) => ({ text, rank: 8 })),
    { text: `pass ${progress.iteration}`, rank: 7 },
    { text: `${(progress.elapsedMs / 1000).toFixed(0)} s`, rank: 4 },
  ];
  if (width === undefined) return joined(all);
  for (let most = 8; most >= 0; most--) {
    const shown = all.filter(({ rank }) => rank <= most);
    const left = width - stringWidth(joined(shown)) - 4;
    if (left >= barWidth.least) return `${bar(progress, Math.min(left, barWidth.most))}  ${joined(shown)}`;
  }
  return joined(all.filter(({ rank }) => rank === 0));
}

function joined(parts: readonly Part[]): string {
  return parts.map(({ text }) => text).join('  ');
}

/** Of the memory; a further pass begins with what was written meanwhile, so it may go back. */
function copiedShare({ totalBytes, remainingBytes }: MigrationProgress): number {
  return totalBytes <= 0 ? 0 : Math.min(1, Math.max(0, 1 - remainingBytes / totalBytes));
}

function bar(progress: MigrationProgress, width: number): string {
  const full = Math.floor(copiedShare(progress) * width);
  return `[${'#'.repeat(full)}${'-'.repeat(width - full)}]`;
}

function restText({ remainingBytes, estimatedRestMs }: MigrationProgress): string {
  const time = estimatedRestMs === undefined ? 'time unknown' : `${(estimatedRestMs / 1000).toFixed(1)} s`;
  return `rest ${sizeText(remainingBytes)}, ${time}`;
}

function limitsOf({ expectedDowntimeMs, allowedDowntimeMs }: MigrationProgress): string[] {
  return [
    ...(expectedDowntimeMs === undefined ? [] : [`${Math.round(expectedDowntimeMs)} ms expected`]),
    ...(allowedDowntimeMs === undefined ? [] : [`${Math.round(allowedDowntimeMs)} ms allowed`]),
  ];
}

/** `118 MiB`, `1.2 GiB` */
export function sizeText(bytes: number): string {
  return bytes >= 1024 * mebibyte
    ? `${(bytes / 1024 / mebibyte).toFixed(1)} GiB`
    : `${(bytes / mebibyte).toFixed(0)} MiB`;
}
