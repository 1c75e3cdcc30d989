/** The SQLite file of the embedded server. */
import { existsSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/**
 * Removes a database whose making was cut short (a power cut in the second of the very first start). The dev server
 * makes the tables of a file that does not exist and of no other, so it would refuse this one at every start. Nothing
 * is lost: namespaces are written last, and without one no workflow can have been started.
 */
export function discardHalfMade(file: string, report: (line: string) => void): void {
  if (!existsSync(file) || hasNamespaces(file)) return;
  report(`${file} was never finished and holds nothing: it is made anew`);
  for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(file + suffix, { force: true });
}

function hasNamespaces(file: string): boolean {
  // Not read-only: a journal that a crash left must be played back before the file can be read.
  const database = new DatabaseSync(file);
  try {
    const tables = database.prepare(
      "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'namespaces'",
    );
    if (!tables.get()) return false;
    return database.prepare('SELECT 1 FROM namespaces LIMIT 1').get() !== undefined;
  } finally {
    database.close();
  }
}
