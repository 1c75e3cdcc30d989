/** `drover up` */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { defaultSettingsPaths } from '../../../settings/read.ts';
import { addExamples } from '../examples.ts';

interface Options {
  readonly quiet?: boolean;
  readonly whileStdinIsOpen?: boolean;
  /** A global option of the program. */
  readonly settings?: string;
}

/** Adds the command to the program; it ends the process with its exit code. */
export function defineUp(verb: Command): void {
  verb
    .option(
      '-q, --quiet',
      'print only what up itself says; the output of its parts is in the log files alone',
    )
    .option(
      '--while-stdin-is-open',
      'end as after a signal when standard input closes: with whoever started it, however that ended',
    )
    .action(async (_: unknown, command: Command) => {
      const { quiet = false, settings, whileStdinIsOpen = false } = command.optsWithGlobals<Options>();
      if (whileStdinIsOpen) process.stdin.once('close', () => process.kill(process.pid, 'SIGTERM')).resume();
      const { runUp } = await import('../../up/up.ts');
      process.exitCode = await runUp({
        settingsFile: settings ?? defaultSettingsFile(),
        quiet,
        isAttended: whileStdinIsOpen,
      });
      // An input that is still open would keep this process.
      if (whileStdinIsOpen) process.stdin.destroy();
    });
  addExamples(verb, {
    'drover up': 'until Ctrl-C',
    'drover -s /etc/drover/drover.yaml up --quiet': 'the output of its parts in their log files alone',
  });
}

function defaultSettingsFile(): string {
  return (
    process.env['DROVER_SETTINGS'] ??
    defaultSettingsPaths.find((path) => existsSync(path)) ??
    defaultSettingsPaths[0]
  );
}
