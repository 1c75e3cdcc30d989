/** `drover up` as a process of its own, as an operator runs it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Drover } from '../client/drover.ts';
import { readSettings } from '../settings/read.ts';
import { stateFolder } from '../settings/state-folder.ts';
import { untilNoDroverRuns } from './one-start.ts';
import { waitFor } from './traffic.ts';

const cli = fileURLToPath(new URL('../client/cli/drover.ts', import.meta.url));

export interface RunningDrover extends AsyncDisposable {
  readonly drover: Drover;
  /** Ends what it started, in order. */
  stop(): Promise<void>;
}

/** Starts Drover on these settings and returns when a worker answers questions. */
export async function startDrover(settingsFile: string): Promise<RunningDrover> {
  const settings = readSettings(settingsFile);
  await untilNoDroverRuns(stateFolder(settings));
  // A group of its own: Ctrl-C on the terminal reaches the caller alone, who then stops this in its own order.
  // Its standard input ends with the caller, even one that is killed, and then it takes itself down.
  const args = [cli, 'up', '--quiet', '--while-stdin-is-open', '--settings', settingsFile];
  const child = spawn(process.execPath, args, { detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => void said.push(data.toString()));
  const ended = once(child, 'exit').then(() => {
    throw new Error(`drover up ended:\n${said.join('')}`);
  });
  ended.catch(() => undefined);
  try {
    const drover = await Promise.race([ended, waitFor('Temporal', 120, () => Drover.connect(settings))]);
    await Promise.race([ended, waitFor('a worker', 120, () => drover.inventory({ timeoutMs: 15_000 }))]);
    if (settings.alerts) {
      const ready = `http://${settings.alerts.listen}/readyz`;
      await Promise.race([
        ended,
        waitFor('the alert receiver', 120, async () => ((await fetch(ready)).ok ? true : undefined)),
      ]);
    }
    const stop = async (): Promise<void> => {
      await drover[Symbol.asyncDispose]();
      await end(child);
    };
    return { drover, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await end(child);
    throw error;
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}
