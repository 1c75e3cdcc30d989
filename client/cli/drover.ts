#!/usr/bin/env node
/** The command line: `drover --help`. Each verb is a file in commands/, loaded when it is used. */
import { CommanderError } from 'commander';
import { exitCodes } from './exit-codes.ts';
import { droverProgram } from './program.ts';

const program = droverProgram();
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : exitCodes.usage;
  } else {
    const { exitCodeOf, messageFor } = await import('./exit.ts');
    process.exitCode = exitCodeOf(error);
    const { debug, settings } = program.opts<{ debug?: true; settings?: string }>();
    console.error(messageFor(error, debug === true, settings));
  }
}
// A question that is not wanted any more, such as how an operation ends that nobody follows any longer, would keep this
// process until Temporal answers it, for up to 20 s. Whatever `up` has started ends in its own time.
if (program.args[0] !== 'up') {
  await Promise.all([written(process.stdout), written(process.stderr)]);
  process.exit();
}

/** Resolves once a reader has taken all of it, or has gone away (`| head`). */
function written(stream: NodeJS.WriteStream): Promise<void> {
  stream.on('error', () => undefined);
  return new Promise((resolve) => stream.write('', () => resolve()));
}
