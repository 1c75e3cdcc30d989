/** The options of a program that `npm run` starts: `--help` lists them, and so does the answer to one it does not know. */
import { CommanderError, type Command } from 'commander';

/**
 * Reads what was given on the command line. Ends the process after `--help` (exit code 0) and after a mistake in use,
 * with the list of what is allowed (exit code 2).
 * @param program named as a person calls it: `npm start --`
 * @returns the program, whose `opts` are what was given
 */
export function readOptions(program: Command): Command {
  program.exitOverride().showHelpAfterError().helpOption('-h, --help', 'show this list').helpCommand(false);
  try {
    program.parse();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exit(error.exitCode === 0 ? 0 : 2);
  }
  return program;
}
