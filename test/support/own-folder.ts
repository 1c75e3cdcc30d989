/**
 * A folder for what this process starts. Both go with the process: when it ends, or, where it was killed, when the next
 * one opens a folder of the same kind.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRunFolder } from '../../client/up/leftovers.ts';
import { identityOf, isRunning, ProcessIdentity, signalProcess } from '../../client/up/process-identity.ts';

const ownerFile = 'owner';
/** From SIGTERM to SIGKILL for what a killed process left running. */
const graceMs = 5_000;

/**
 * The folder of this process, made by the first call; notes of `openRunFolder` in it say what is to be ended with it.
 * @param kind folders of one kind are looked through for those of processes that were killed
 * @param all where folders of all kinds lie; default: the system's temporary folder
 */
export async function openOwnFolder(kind: string, all = tmpdir()): Promise<string> {
  const ofKind = join(all, `drover-test-${kind}-${process.getuid?.() ?? 0}`);
  const folder = join(ofKind, String(process.pid));
  if (opened.has(folder)) return folder;
  mkdirSync(ofKind, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(ofKind)) await cleanUpAfter(join(ofKind, name));
  // Two calls may have come here at once.
  if (opened.has(folder)) return folder;
  opened.add(folder);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, ownerFile), JSON.stringify(identityOf(process.pid)));
  process.once('exit', () => {
    endNoted(folder);
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

const opened = new Set<string>();

async function cleanUpAfter(folder: string): Promise<void> {
  const file = join(folder, ownerFile);
  if (existsSync(file)) {
    const owner = ProcessIdentity.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    if (owner.success && isRunning(owner.data)) return;
  }
  await openRunFolder(folder).endLeftovers({ report: (line) => console.error(line), graceMs });
  rmSync(folder, { recursive: true, force: true });
}

/** Nobody can be waited for any more: what still runs, frozen or not, is killed. */
function endNoted(folder: string): void {
  // vitest loads this module for each project that has it in its set-up: the first of them has cleaned up.
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.json'))) {
    const noted = ProcessIdentity.safeParse(JSON.parse(readFileSync(join(folder, name), 'utf8')));
    if (noted.success) signalProcess(noted.data, 'SIGKILL');
  }
}
