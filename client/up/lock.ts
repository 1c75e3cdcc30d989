/** One process at a time for a purpose: one `drover up` for each state folder, one `npm start` for each datacenter. */
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { text } from 'node:stream/consumers';

/** Another `drover up` works with the same state folder. */
export class AlreadyUpError extends Error {
  override readonly name = 'AlreadyUpError';
  /** It ends with the program that started it, as `--while-stdin-is-open` has it. */
  readonly isAttended: boolean;

  constructor(folder: string, held: HeldError) {
    const [pid, attended] = held.note.split(' ');
    const process = pid ? ` (process ${pid}); end it with: kill ${pid}` : '';
    super(`drover up runs already with the state folder ${folder}${process}`, { cause: held });
    this.isAttended = attended === 'attended';
  }
}

/** What was wanted is held by another process; `note` is what that one says of itself, empty if it says nothing. */
export class HeldError extends Error {
  override readonly name = 'HeldError';
  readonly note: string;

  constructor(purpose: string, note: string, options: ErrorOptions) {
    super(`${purpose} is held by another process${note ? ` (${note})` : ''}`, options);
    this.note = note;
  }
}

export interface Held extends AsyncDisposable {
  readonly release: () => Promise<void>;
}

/**
 * Holds the state folder until `release` or the end of this process, however it ends.
 * @throws AlreadyUpError with the id of the process that holds it
 */
export async function lockStateFolder(folder: string, { isAttended = false } = {}): Promise<Held> {
  try {
    return await hold('drover-up', realpathSync(folder), `${process.pid}${isAttended ? ' attended' : ''}`);
  } catch (error) {
    throw error instanceof HeldError ? new AlreadyUpError(folder, error) : error;
  }
}

/**
 * The kernel frees an abstract socket (unix(7)) with its process, so no lock file can be left behind.
 * @param subject what there may be several of, told apart by this text
 * @param note what another process that wants the same is told of this one
 * @throws HeldError with the note of the one that holds it
 */
export async function hold(purpose: string, subject: string, note: string): Promise<Held> {
  const name = `\0${purpose}-${createHash('sha256').update(subject).digest('hex').slice(0, 32)}`;
  const server = createServer((socket) => {
    // Whoever asks may go away before it has read the answer.
    socket.on('error', () => {});
    socket.end(note);
  });
  try {
    await listen(server, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new HeldError(purpose, await ask(name), { cause: error });
  }
  server.unref();
  const release = (): Promise<void> => new Promise((resolve) => void server.close(() => resolve()));
  return { release, [Symbol.asyncDispose]: release };
}

async function listen(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function ask(path: string): Promise<string> {
  try {
    return await text(connect({ path, timeout: 2_000 }));
  } catch {
    return '';
  }
}
