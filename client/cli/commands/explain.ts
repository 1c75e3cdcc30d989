import type { Command } from 'commander';
import { Refused } from '../exit.ts';
import { printingFailures } from '../failure-data.ts';
import { checkedMigrateVm } from '../input.ts';
import { outputOption, print, printable, type Format } from '../output.ts';
import { withDrover } from '../session.ts';
import { findingText, placementText } from '../texts.ts';

/** `drover explain VM [--to HOST]`: every host's filters and score, by a dry run of the move; refused as one is. */
export function registerExplain(program: Command): void {
  program
    .command('explain')
    .description('why a VM would go to which host, and why not to the others')
    .argument('<vm>', 'the VM, by name')
    .option('--to <host>', 'look at this host')
    .addOption(outputOption())
    .action(async (vm: string, options: { to?: string; output: Format }, command: Command) => {
      const request = checkedMigrateVm({
        vm,
        dryRun: true,
        ...(options.to === undefined ? {} : { to: options.to }),
      });
      await withDrover(command, async (drover) => {
        const operation = await drover.start('migrateVm', request, { summary: `explain ${vm}` });
        const { outcome, findings, placement, message } = await printingFailures(options.output, () =>
          operation.result(),
        );
        if (options.output === 'table') {
          if (placement) console.log(placementText(placement));
          for (const finding of findings) console.log(findingText(finding));
          console.log(printable(message));
        } else {
          print(options.output, { outcome, message, findings, placement }, () => []);
        }
        if (outcome === 'blocked') throw new Refused(`a move of ${vm} would be refused`);
      });
    });
}
