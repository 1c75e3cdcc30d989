import type { Command } from 'commander';
import { readSettings } from '../../../settings/read.ts';
import { filesAnswer } from '../completion-scripts.ts';
import { completionsFor, type AskNames } from '../completions.ts';
import { knownNames } from '../known-names.ts';
import { printable } from '../printable.ts';
import { droverProgram } from '../program.ts';
import { settingsFile } from '../session.ts';

/** `drover complete -- WORDS`: what may come next, a line each with its description behind a tab; never an error. */
export function defineComplete(verb: Command): void {
  verb
    .argument('[words...]', 'the line as far as it was typed')
    .action(async (words: string[], _, command: Command) => {
      const names: AskNames = async (kind, given) => {
        try {
          return await knownNames(kind, readSettings(given ?? settingsFile(command)));
        } catch {
          // A line that is being typed is no place for an error: without settings there are no names.
          return [];
        }
      };
      const found = await completionsFor(droverProgram(), words, names);
      const lines =
        found === 'files'
          ? [filesAnswer]
          : found.map(({ value, description = '' }) => `${printable(value)}\t${printable(description)}`);
      if (lines.length > 0) console.log(lines.join('\n'));
    });
}
