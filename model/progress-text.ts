/** Progress as one line for people: in the operation's page and wherever a move is followed. */
import type { MigrationProgress } from './migrate-vm.ts';

const mebibyte = 1024 ** 2;

export function progressText(progress: MigrationProgress): string {
  const mib = (bytes: number): string => `${(bytes / mebibyte).toFixed(0)} MiB`;
  const rest =
    progress.estimatedRestMs === undefined
      ? 'rest unknown'
      : `about ${(progress.estimatedRestMs / 1000).toFixed(1)} s left`;
  const { expectedDowntimeMs, allowedDowntimeMs, aborting } = progress;
  const why = aborting === undefined ? '' : `aborting, since ${aborting.reason}; `;
  const parts = [
    `${mib(progress.processedBytes)} copied, ${mib(progress.remainingBytes)} of ${mib(progress.totalBytes)} to go`,
    `${mib(progress.bytesPerSecond)}/s`,
    `written at ${mib(progress.dirtyBytesPerSecond)}/s`,
    `pass ${progress.iteration}`,
    rest,
    ...(expectedDowntimeMs === undefined ? [] : [`would stand still for ${expectedDowntimeMs} ms`]),
    ...(allowedDowntimeMs === undefined ? [] : [`${allowedDowntimeMs} ms allowed`]),
  ];
  return why + parts.join(', ');
}
