/** Nobody else may use a datacenter that a program brings up and takes down. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { AlreadyUpError, hold, HeldError, lockStateFolder, type Held } from '../client/up/lock.ts';

/** The program that started it was killed: it ends its parts, each within 15 s, and then Temporal. */
const attendedEndsWithinMs = 40_000;

export interface DatacenterFolders {
  /** Where the datacenter keeps its files: what it is told apart by. */
  readonly folder: string;
  /** Where the Drover on it keeps its own. */
  readonly droverState: string;
}

/**
 * Holds a datacenter for this program until it ends, however it ends. Touches nothing.
 * @param program as a person calls it: `npm start`
 * @throws Error that says who uses it and how to end that
 */
export async function holdDatacenter(folders: DatacenterFolders, program: string): Promise<Held> {
  const held = await take(folders.folder, program);
  try {
    await untilNoDroverRuns(folders.droverState);
    return held;
  } catch (error) {
    await held.release();
    throw error;
  }
}

async function take(folder: string, program: string): Promise<Held> {
  try {
    return await hold('drover-datacenter', resolve(folder), `${process.pid} ${program}`);
  } catch (error) {
    if (!(error instanceof HeldError)) throw error;
    const [pid, ...other] = error.note.split(' ');
    const who = pid ? `${other.join(' ')} runs already (process ${pid})` : 'another program uses it already';
    const how = pid ? `end it with Ctrl-C there, or with: kill ${pid}` : 'end that first';
    throw new Error(`${who}: ${how}`, { cause: error });
  }
}

/**
 * Returns when no `drover up` uses a state folder: waits for one whose starter was killed, which is just ending.
 * @throws AlreadyUpError at once for one that a person started
 */
export async function untilNoDroverRuns(stateFolder: string): Promise<void> {
  const until = performance.now() + attendedEndsWithinMs;
  while (existsSync(stateFolder)) {
    try {
      await (await lockStateFolder(stateFolder)).release();
      return;
    } catch (error) {
      if (!(error instanceof AlreadyUpError && error.isAttended) || performance.now() > until) throw error;
    }
    await pause(200);
  }
}
