/** The program `drover` with all of its verbs, each of which is defined when it is used. */
import { Argument, Command } from 'commander';
import { exitCodesText } from './exit-codes.ts';
import { verbs } from './verbs.ts';

/** @throws CommanderError (from its `parseAsync`) for what was typed wrong, and for help, whose exit code is 0 */
export function droverProgram(): Command {
  const program = new Command('drover')
    .description(
      'Runs a herd of virtual machines: moves them while they run, by hand, by alert and by policy.',
    )
    .usage('[options] VERB ...')
    .version('0.1.0')
    .option(
      '-s, --settings <file>',
      'the settings; default: DROVER_SETTINGS, ./drover.yaml, /etc/drover/drover.yaml',
    )
    .option('--debug', 'show stacks of errors')
    .showHelpAfterError('(drover --help, drover VERB --help)')
    .helpCommand(false)
    .configureHelp({ subcommandTerm: (verb) => verb.name(), showGlobalOptions: true })
    .exitOverride()
    .addHelpText('after', `\nExamples of a verb: drover VERB --help\n${exitCodesText}`);

  for (const { name, group, summary, hidden = false } of verbs)
    program.command(name, { hidden }).description(summary).helpGroup(`${group}:`);
  // commander's own shows a verb before it is defined.
  const shown = verbs.filter(({ hidden }) => !hidden).map(({ name }) => name);
  program
    .command('help')
    .description('show the help of a verb')
    .helpGroup('Tools:')
    .addArgument(new Argument('[verb]', 'of which').choices(shown))
    .action(async (name?: string) => {
      await program.parseAsync([...(name === undefined ? [] : [name]), '--help'], { from: 'user' });
    });
  program.hook('preSubcommand', async (_, verb) => await define(verb));
  return program;
}

/** Loads what a verb consists of. */
export async function define(verb: Command): Promise<void> {
  const entry = verbs.find(({ name }) => name === verb.name());
  if (entry) (await entry.load())(verb);
}
