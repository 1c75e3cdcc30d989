/** Whether a lab is `npm start`'s own to take down, or somebody brought it up who wants to keep it. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const markName = 'made-by-npm-start';

/**
 * To be asked before the lab is made: one that is not there yet becomes this start's own, one that an earlier start
 * left (it was killed) is so already.
 * @returns false for a lab that somebody else has brought up
 */
export function isOwnLab(folder: string): boolean {
  const mark = join(folder, markName);
  if (existsSync(folder) && !existsSync(mark)) return false;
  mkdirSync(folder, { recursive: true });
  writeFileSync(mark, '');
  return true;
}
