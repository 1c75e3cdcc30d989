/** A lock file that names its holder by pid and start time: one left by a killed process is taken over. */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { LabError, messageOf } from './errors.ts';
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
  await waitFor(`another command on this lab to end (${file})`, limitSeconds, () => {
    const holder = takeLock(file);
    return holder === undefined ? { value: true } : { seen: `process ${holder} is at work` };
  });
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** The pid of the process that holds the lock; undefined: it is ours now. */
function takeLock(file: string): string | undefined {
  const mine = `${file}.${process.pid}.${attempts++}`;
  writeFileSync(mine, `${process.pid} ${startTimeOf(process.pid)} ${bootId()}`);
  try {
    for (;;) {
      if (link(mine, file)) return undefined;
      const held = read(file);
      const [pid = '', startTime, boot] = held.split(' ');
      if (held !== '' && boot === bootId() && startTimeOf(Number(pid)) === startTime) return pid;
      dropStale(file, held, `${mine}.stale`);
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Puts a lock that nobody holds any more out of the way. */
function dropStale(file: string, held: string, aside: string): void {
  try {
    renameSync(file, aside);
  } catch {
    return; // somebody else was quicker
  }
  // It may have been dropped and taken between the look and the rename: then it goes back.
  if (read(aside) !== held) link(aside, file);
  rmSync(aside, { force: true });
}

/** Atomic, and the new file is whole from its first moment; false if there is one already. */
function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new LabError(`can't lock ${to}: ${messageOf(error)}`, { cause: error });
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
