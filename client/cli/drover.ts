#!/usr/bin/env node
/** The command line: `drover --help`. Each verb is a file in commands/; Temporal is loaded by those that need it. */
import { Command, CommanderError } from 'commander';
import { registerCancel } from './commands/cancel.ts';
import { registerCheck } from './commands/check.ts';
import { registerDescribe } from './commands/describe.ts';
import { registerExplain } from './commands/explain.ts';
import { registerGet } from './commands/get.ts';
import { registerMigrate } from './commands/migrate.ts';
import { registerRules } from './commands/rules.ts';
import { registerSchema } from './commands/schema.ts';
import { registerSettle } from './commands/settle.ts';
import { registerUp } from './commands/up.ts';
import { registerWatch } from './commands/watch.ts';
import { exitCodes, exitCodesText, exitCodeOf, messageFor } from './exit.ts';

const program = new Command('drover')
  .description('Runs a herd of virtual machines: moves them while they run, by hand, by alert and by policy.')
  .version('0.1.0')
  .option(
    '-s, --settings <file>',
    'the settings; default: DROVER_SETTINGS, ./drover.yaml, /etc/drover/drover.yaml',
  )
  .option('--debug', 'show stacks of errors')
  .showHelpAfterError('(drover --help, drover VERB --help)')
  .exitOverride()
  .addHelpText('after', `\n${exitCodesText}`);

for (const register of [
  registerUp,
  registerCheck,
  registerGet,
  registerDescribe,
  registerExplain,
  registerMigrate,
  registerWatch,
  registerCancel,
  registerSettle,
  registerRules,
  registerSchema,
]) {
  register(program);
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : exitCodes.usage;
  } else {
    process.exitCode = exitCodeOf(error);
    const { debug, settings } = program.opts<{ debug?: true; settings?: string }>();
    console.error(messageFor(error, debug === true, settings));
  }
}
