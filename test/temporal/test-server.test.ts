import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { identityOf, isRunning, type ProcessIdentity } from '../../client/up/process-identity.ts';

/** A test process with a server of its own. */
async function startOwner(): Promise<{ owner: ChildProcess; server: ProcessIdentity }> {
  const script = fileURLToPath(new URL('./stand-ins/owner.ts', import.meta.url));
  const owner = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => void owner.kill());
  for await (const chunk of owner.stdout) {
    const pid = /server (\d+)/.exec(String(chunk))?.[1];
    const server = pid === undefined ? undefined : identityOf(Number(pid));
    if (server) return { owner, server };
  }
  throw new Error('the server did not start');
}
async function end(owner: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exited = once(owner, 'exit');
  owner.kill(signal);
  await exited;
}

test('a server that a killed test process left is ended by the next one; that of a living one is left alone', async () => {
  const living = await startOwner();
  const killed = await startOwner();
  await end(killed.owner, 'SIGKILL');
  expect(isRunning(killed.server)).toBe(true);

  const next = await startOwner();
  expect(isRunning(killed.server)).toBe(false);
  expect(isRunning(living.server)).toBe(true);
  await Promise.all([end(next.owner, 'SIGTERM'), end(living.owner, 'SIGTERM')]);
  expect(isRunning(next.server)).toBe(false);
});
