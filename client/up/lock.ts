/** One `drover up` for each state folder. */
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { text } from 'node:stream/consumers';

/** Another `drover up` works with the same state folder. */
export class AlreadyUpError extends Error {
  override readonly name = 'AlreadyUpError';
}

/**
 * Holds the state folder until `release` or the end of this process, however it ends: the kernel frees an abstract
 * socket (unix(7)) with its process, so no lock file can be left behind.
 * @throws AlreadyUpError with the id of the process that holds it
 */
export async function lockStateFolder(folder: string): Promise<{ release: () => Promise<void> }> {
  const name = `\0drover-up-${createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 32)}`;
  const server = createServer((socket) => {
    // Whoever asks may go away before it has read the answer.
    socket.on('error', () => {});
    socket.end(String(process.pid));
  });
  try {
    await listen(server, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    const pid = await ask(name);
    throw new AlreadyUpError(
      `drover up runs already with the state folder ${folder}${pid ? ` (process ${pid}); end it with: kill ${pid}` : ''}`,
      { cause: error },
    );
  }
  server.unref();
  return { release: () => new Promise((resolve) => void server.close(() => resolve())) };
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

async function ask(path: string): Promise<string | undefined> {
  try {
    return await text(connect({ path, timeout: 2_000 }));
  } catch {
    return undefined;
  }
}
