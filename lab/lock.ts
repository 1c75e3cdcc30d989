/** A lock file that names its holder by pid and start time: one left by a killed process is taken over. */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { LabError } from './errors.ts';
import { bootId, startTimeOf } from './processes.ts';
import { waitFor } from './wait.ts';

let attempts = 0;

/**
 * Does `work` while holding the lock.
 *
 * @param limitSeconds - how long to wait for another holder
 * @throws LabError that names the holder
 */
export async function withLock<T>(file: string, limitSeconds: number, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(file), { recursive: true });
  await waitFor(`the lock ${file}`, limitSeconds, () =>
    tryLock(file) ? { value: true } : { seen: `held by process ${holder(file).split(' ')[0]}` },
  );
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

function tryLock(file: string): boolean {
  const mine = `${file}.${process.pid}.${attempts++}`;
  writeFileSync(mine, `${process.pid} ${startTimeOf(process.pid)} ${bootId()}`);
  try {
    linkSync(mine, file); // atomic, and the file is whole from its first moment
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      throw new LabError(`can't lock ${file}`, { cause: error });
    dropIfStale(file, mine);
    return false;
  } finally {
    rmSync(mine, { force: true });
  }
}

function dropIfStale(file: string, mine: string): void {
  const held = holder(file);
  const [pid, startTime, boot] = held.split(' ');
  if (held === '' || (boot === bootId() && startTimeOf(Number(pid)) === startTime)) return;
  const aside = `${mine}.stale`;
  try {
    renameSync(file, aside);
    // Somebody else may have dropped the stale lock and taken it between our look and our rename.
    if (readFileSync(aside, 'utf8') !== held) linkSync(aside, file);
  } catch {
    // Gone or taken in the meantime: the next attempt looks anew.
  } finally {
    rmSync(aside, { force: true });
  }
}

function holder(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
