/** Examples at the end of a verb's help. */
import type { Command } from 'commander';

/** @param examples what to type, with what it does */
export function addExamples(verb: Command, examples: Readonly<Record<string, string>>): void {
  const width = Math.max(...Object.keys(examples).map((typed) => typed.length));
  const lines = Object.entries(examples).map(([typed, does]) => `  ${typed.padEnd(width)}  ${does}`);
  verb.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}
