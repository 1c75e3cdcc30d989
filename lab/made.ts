/**
 * What this lab made on the machine, noted before it is made: a crash in between leaves a note too many, never a
 * thing that nobody knows of. Only what is noted is ever removed, however alike another name may be.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabPaths } from './names.ts';
import { bootId } from './processes.ts';

export type Kind = 'namespace' | 'link' | 'cgroup';

export function noteMade(paths: LabPaths, kind: Kind, name: string): void {
  const folder = join(paths.made, kind);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), bootId());
}

export function forgetMade(paths: LabPaths, kind: Kind, name: string): void {
  rmSync(join(paths.made, kind, name), { force: true });
}

/** Notes of an earlier boot of the machine don't count: what they name is gone. */
export function listMade(paths: LabPaths, kind: Kind): string[] {
  const folder = join(paths.made, kind);
  let noted: string[];
  try {
    noted = readdirSync(folder);
  } catch {
    return [];
  }
  const boot = bootId();
  return noted.filter((name) => readFileSync(join(folder, name), 'utf8') === boot);
}

export function isMade(paths: LabPaths, kind: Kind, name: string): boolean {
  return listMade(paths, kind).includes(name);
}
