/** `drover up` */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { defaultSettingsPaths } from '../../../settings/read.ts';

interface Options {
  readonly quiet?: boolean;
  /** A global option of the program. */
  readonly settings?: string;
}

/** Adds the command to the program; it ends the process with its exit code. */
export function registerUp(program: Command): void {
  program
    .command('up')
    .description('run what the settings ask for: the embedded Temporal server, a worker, the alert receiver')
    .option(
      '-q, --quiet',
      'print only what up itself says; the output of its parts is in the log files alone',
    )
    .action(async (_: unknown, command: Command) => {
      const { quiet = false, settings } = command.optsWithGlobals<Options>();
      const { runUp } = await import('../../up/up.ts');
      process.exitCode = await runUp({ settingsFile: settings ?? defaultSettingsFile(), quiet });
    });
}

function defaultSettingsFile(): string {
  return (
    process.env['DROVER_SETTINGS'] ??
    defaultSettingsPaths.find((path) => existsSync(path)) ??
    defaultSettingsPaths[0]
  );
}
