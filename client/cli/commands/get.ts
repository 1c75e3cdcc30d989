import type { Command } from 'commander';
import { addExamples } from '../examples.ts';
import { awaited, patiently } from '../patience.ts';
import { keepListing } from '../keep-listing.ts';
import { kindArgument } from '../kind-argument.ts';
import { labeledInWords, labelKeys, type Labeled } from '../labels.ts';
import { listings, type ListOptions } from '../listing.ts';
import { outputOption, print, type Format } from '../output.ts';
import { everyOption } from '../pace.ts';
import { printable } from '../printable.ts';
import { checkKeys, nothingSelected, selectorOption, type Requirement } from '../selector.ts';
import { withDrover } from '../session.ts';

interface Options {
  readonly output: Format;
  readonly selector?: readonly Requirement[];
  readonly running?: boolean;
  readonly all?: boolean;
  readonly watch?: boolean;
  readonly every: number;
}

/** `drover get hosts|vms|clusters|operations`: what there is, asked anew. */
export function defineGet(verb: Command): void {
  verb
    .addArgument(kindArgument(['hosts', 'vms', 'clusters', 'operations'], 'what to list'))
    .addOption(selectorOption())
    .option('--running', 'operations: only those that have not ended')
    .option('--all', 'operations: dry runs and explanations too')
    .option('-w, --watch', 'stay, and print each row that changes; Ctrl-C ends it')
    .addOption(everyOption(2))
    .addOption(outputOption())
    .action(async (kind: Labeled, options: Options, command: Command) => {
      const { output, selector = [], watch = false, every, ...rest } = options;
      await withDrover(command, async (drover, settings) => {
        checkKeys(selector, labelKeys(kind, settings), labeledInWords[kind]);
        const asked: ListOptions = { selector, ...rest };
        const list = () => listings[kind](drover, asked);
        if (watch) return await keepListing(list, { output, everyMs: every * 1000 });
        const { head, items, notes, all } = await patiently(awaited.list, list());
        print(
          output,
          items.map(({ data }) => data),
          () => [head, ...items.map(({ row }) => row)],
        );
        if (items.length === 0 && all.length > 0)
          console.error(printable(nothingSelected(selector, all, labeledInWords[kind])));
        for (const note of notes) console.error(printable(note));
      });
    });
  addExamples(verb, {
    'drover get vms -l host=host1,state!=running': 'what does not run on host1',
    'drover get operations --running --watch': 'print an operation whenever it changes',
    'drover get hosts -l switch=sw1 -o json': 'hosts behind a switch, for a program',
  });
}
