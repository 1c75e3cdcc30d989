import type { Command } from 'commander';
import { outputOption, print, printable, type Format } from '../output.ts';
import { withDrover } from '../session.ts';
import { findingText, placementText } from '../texts.ts';

/** `drover explain VM [--to HOST]`: every host's filters and score, by a dry run of the move. */
export function registerExplain(program: Command): void {
  program
    .command('explain')
    .description('why a VM would go to which host, and why not to the others')
    .argument('<vm>', 'the VM, by name')
    .option('--to <host>', 'look at this host')
    .addOption(outputOption())
    .action((vm: string, options: { to?: string; output: Format }, command: Command) =>
      withDrover(command, async (drover) => {
        const operation = await drover.start(
          'migrateVm',
          { vm, dryRun: true, ...(options.to === undefined ? {} : { to: options.to }) },
          { summary: `explain ${vm}` },
        );
        const { findings, placement, message } = await operation.result();
        if (options.output !== 'table') {
          print(options.output, { message, findings, placement }, () => []);
          return;
        }
        if (placement) console.log(placementText(placement));
        for (const finding of findings) console.log(findingText(finding));
        console.log(printable(message));
      }),
    );
}
