import { Option, type Command } from 'commander';
import type { Drover } from '../../drover.ts';
import { addExamples } from '../examples.ts';
import { kindArgument } from '../kind-argument.ts';
import { labeledInWords, labelKeys } from '../labels.ts';
import { outputOption, print, type Format } from '../output.ts';
import { everyOption } from '../pace.ts';
import { printable } from '../printable.ts';
import { checkKeys, nothingSelected, selectorOption, type Requirement } from '../selector.ts';
import { withDrover } from '../session.ts';
import { hostLoads, loadHead, loadRow, vmLoads, type Load, type SortKey } from '../top-loads.ts';
import { awaited, patiently } from '../patience.ts';
import { keepTop } from '../keep-top.ts';

type Kind = 'hosts' | 'vms';

interface Options {
  readonly output: Format;
  readonly selector?: readonly Requirement[];
  readonly sort: SortKey;
  readonly watch?: boolean;
  readonly every: number;
}

/** `drover top hosts|vms`: the load, the busiest first. */
export function defineTop(verb: Command): void {
  verb
    .addArgument(kindArgument(['hosts', 'vms'], 'of what'))
    .addOption(selectorOption())
    .addOption(new Option('--sort <by>', 'which load counts').choices(['cpu', 'memory']).default('cpu'))
    .option('-w, --watch', 'stay, and refresh in place; Ctrl-C ends it')
    .addOption(everyOption(5))
    .addOption(outputOption())
    .action(async (kind: Kind, { output, selector = [], sort, watch, every }: Options, command: Command) => {
      await withDrover(command, async (drover, settings) => {
        checkKeys(selector, labelKeys(kind, settings), labeledInWords[kind]);
        const look = () => loadsOf(drover, kind, { selector, sort });
        if (watch) return await keepTop(kind, look, { output, everyMs: every * 1000 });
        const { loads, notes } = await patiently(awaited.list, look());
        print(
          output,
          loads.map(({ data }) => data),
          () => [loadHead[kind], ...loads.map(loadRow)],
        );
        for (const note of notes) console.error(printable(note));
      });
    });
  addExamples(verb, {
    'drover top hosts --watch': 'refreshed every 5 s',
    'drover top vms -l host=host1 --sort memory': 'the largest VMs of host1',
  });
}

async function loadsOf(
  drover: Drover,
  kind: Kind,
  { selector, sort }: { readonly selector: readonly Requirement[]; readonly sort: SortKey },
): Promise<{ loads: readonly Load[]; notes: readonly string[] }> {
  const { hosts } = await drover.inventory();
  const { loads, all } = (kind === 'hosts' ? hostLoads : vmLoads)(hosts, { selector, sort });
  const silent = hosts.filter(({ answer }) => !answer.reachable).map(({ name }) => name);
  return {
    loads,
    notes: [
      ...(loads.length === 0 && all.length > 0 ? [nothingSelected(selector, all, labeledInWords[kind])] : []),
      ...(silent.length === 0 ? [] : [`not asked, they don't answer: ${silent.join(', ')}`]),
    ],
  };
}
