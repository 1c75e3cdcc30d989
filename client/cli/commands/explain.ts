import type { Command } from 'commander';
import { byCommandLine } from '../../asked-by.ts';
import { addExamples } from '../examples.ts';
import { Refused } from '../exit.ts';
import { printingFailures } from '../failure-data.ts';
import { checkedMigrateVm } from '../input.ts';
import { withNearNames } from '../near-errors.ts';
import { outputOption, print, type Format } from '../output.ts';
import { placementText } from '../placement-text.ts';
import { printable } from '../printable.ts';
import { awaited, patiently } from '../patience.ts';
import { withDrover } from '../session.ts';
import { findingText } from '../texts.ts';

/** `drover explain VM [--to HOST]`: every host's filters and score, by a dry run of the move; refused as one is. */
export function defineExplain(verb: Command): void {
  verb
    .argument('<vm>', 'the VM, by name')
    .option('--to <host>', 'look at this host')
    .addOption(outputOption())
    .action(async (vm: string, { to, output }: { to?: string; output: Format }, command: Command) => {
      const request = checkedMigrateVm({ vm, dryRun: true, ...(to === undefined ? {} : { to }) });
      await withDrover(command, async (drover, settings) => {
        const operation = await drover.start('migrateVm', request, {
          summary: `explain ${vm}`,
          askedBy: byCommandLine(),
        });
        const result = await printingFailures(output, () =>
          patiently(awaited.check, operation.result()).catch(async (error: unknown) => {
            throw await withNearNames(error, { vm, host: to }, drover, settings);
          }),
        );
        const { outcome, from, findings, placement, message } = result;
        if (output === 'table') {
          if (placement) console.log(`${placementText(placement, to)}\n`);
          for (const finding of findings) console.log(findingText(finding));
          console.log(printable(message));
        } else {
          print(output, { vm, from, to: result.to, outcome, message, findings, placement }, () => []);
        }
        if (outcome === 'blocked') throw new Refused(`a move of ${vm} would be refused`);
      });
    });
  addExamples(verb, {
    'drover explain web1': 'the host that web1 would go to, and every other one',
    'drover explain web1 --to host2': 'what speaks for and against host2',
    'drover explain web1 -o json': 'every rule and every part of the scores, for a program',
  });
}
