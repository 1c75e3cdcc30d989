/** What runs is written down, so that after a crash the next start finds and ends it. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { identityOf, isRunning, ProcessIdentity, signalProcess } from './process-identity.ts';

/** A process that was asked to end gets this long before it is killed. */
export const defaultGraceMs = 15_000;
const lookEveryMs = 50;

const Note = ProcessIdentity.extend({
  /** Counts the starts of one `drover up`, some of which fall into one tick of the clock. */
  order: z.int().nonnegative(),
});
type Note = z.infer<typeof Note>;

/** Notes in a folder, one file for each process that was started. */
export interface RunFolder {
  /** Notes that `name` now runs as this process; replaces an earlier note of that name. */
  readonly remember: (name: string, pid: number) => void;
  /** The process ended. */
  readonly forget: (name: string) => void;
  /**
   * Ends every noted process that still runs, the youngest first, by SIGTERM and after `graceMs` by SIGKILL. A
   * number that another process has by now is left alone.
   */
  readonly endLeftovers: (options: { report: (line: string) => void; graceMs?: number }) => Promise<void>;
}

/** The notes in `folder`, which is made where it is missing. */
export function openRunFolder(folder: string): RunFolder {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const fileOf = (name: string): string => join(folder, `${name}.json`);

  let order = 0;
  const readNotes = (): { name: string; note: Note }[] =>
    readdirSync(folder)
      .filter((file) => file.endsWith('.json'))
      .flatMap((file) => {
        const note = readNote(join(folder, file));
        return note ? [{ name: basename(file, '.json'), note }] : [];
      });

  return {
    remember: (name, pid) => {
      const identity = identityOf(pid);
      // It has ended already: there is nothing that a later start would have to end.
      if (!identity) return;
      const written = `${fileOf(name)}.${process.pid}`;
      writeFileSync(written, JSON.stringify({ ...identity, order: order++ } satisfies Note));
      renameSync(written, fileOf(name));
    },
    forget: (name) => rmSync(fileOf(name), { force: true }),
    endLeftovers: async ({ report, graceMs = defaultGraceMs }) => {
      const youngestFirst = readNotes().toSorted(
        (a, b) => b.note.startTicks - a.note.startTicks || b.note.order - a.note.order,
      );
      for (const { name, note } of youngestFirst) {
        if (isRunning(note)) {
          report(`ending ${name} (process ${note.pid}), which an earlier start left running`);
          await endProcess(note, graceMs);
        }
        rmSync(fileOf(name), { force: true });
      }
    },
  };
}

/** Ends that very process, gently first; returns when it is gone. */
export async function endProcess(identity: ProcessIdentity, graceMs: number): Promise<void> {
  const killAt = Date.now() + graceMs;
  signalProcess(identity, 'SIGTERM');
  while (isRunning(identity)) {
    if (Date.now() >= killAt) signalProcess(identity, 'SIGKILL');
    await sleep(lookEveryMs);
  }
}

/** A note cut short by a power cut names nothing that could still run. */
function readNote(file: string): Note | undefined {
  try {
    return Note.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}
