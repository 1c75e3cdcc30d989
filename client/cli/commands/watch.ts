import type { Command } from 'commander';
import type { MigrateVmResult } from '../../../model/migrate-vm.ts';
import type { SettleVmResult } from '../../../model/settle-vm.ts';
import { follow } from '../follow.ts';
import { checkedOperationId } from '../input.ts';
import { withDrover } from '../session.ts';
import { endText } from '../texts.ts';

/** `drover watch OPERATION`: follows an operation to its end. */
export function registerWatch(program: Command): void {
  program
    .command('watch')
    .description('follow an operation to its end; Ctrl-C leaves it running')
    .argument('<operation>', 'its id, as drover get operations shows it')
    .action(async (typed: string, _, command: Command) => {
      const workflowId = checkedOperationId(typed);
      await withDrover(command, async (drover) => {
        console.log(endText(await follow(drover.operation<MigrateVmResult | SettleVmResult>(workflowId))));
      });
    });
}
