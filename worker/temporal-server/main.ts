/**
 * The embedded Temporal server as a process of its own, for `drover up` or a systemd unit:
 * `node worker/temporal-server/main.ts --settings drover.yaml`.
 */
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readSettings } from '../../settings/read.ts';
import { stateFolder } from '../../settings/state-folder.ts';
import { temporalTarget } from '../../settings/temporal.ts';
import { devServerArguments } from './arguments.ts';
import { findTemporalBinary } from './binary.ts';
import { discardHalfMade } from './database.ts';

const report = (line: string): void => console.error(line);

/** Ends in becoming the server: the process id stays, so whoever started or watches it needs to know one. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { settings: { type: 'string' } } });
  const settingsFile = values.settings ?? process.env['DROVER_SETTINGS'];
  if (!settingsFile) throw new Error('name the settings: --settings FILE (or DROVER_SETTINGS)');
  const settings = readSettings(settingsFile);
  const target = temporalTarget(settings);
  report(target.because);
  if (target.kind === 'configured') return;

  const { port, uiPort } = settings.temporal.embedded;
  const binary = await findTemporalBinary({ report });
  await checkFree(port, 'temporal.embedded.port');
  await checkFree(uiPort, 'temporal.embedded.uiPort');
  const folder = stateFolder(settings);
  // The histories hold the XML of VMs: for the user's own eyes.
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const databaseFile = join(folder, 'temporal.db');
  report(`Temporal's database: ${databaseFile}`);
  discardHalfMade(databaseFile, report);
  const args = devServerArguments({ databaseFile, port, uiPort, namespace: target.namespace });
  if (!process.execve) throw new Error(`needs Node 24 on Linux or macOS, not ${process.version}`);
  process.execve(binary.path, [binary.path, ...args], process.env);
}

/** The dev server's own message for a port in use names neither the port nor what to change. */
async function checkFree(port: number, setting: string): Promise<void> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new Error(
          error.code === 'EADDRINUSE'
            ? `port ${port} of 127.0.0.1 is in use (a Temporal server that runs already?): end that program, set ${setting} to another port, or TEMPORAL_ADDRESS=127.0.0.1:${port} to use what runs there`
            : `can't listen on port ${port} (${setting}): ${error.message}`,
        ),
      ),
    );
    probe.listen({ port, host: '127.0.0.1' }, resolve);
  });
  await new Promise((resolve) => probe.close(resolve));
}

try {
  await main();
} catch (error) {
  report(`error: ${(error as Error).message}`);
  process.exitCode = 1;
}
