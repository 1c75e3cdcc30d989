import type { Command } from 'commander';
import { OperationCanceled } from '../../errors.ts';
import type { MigrateVmResult } from '../../../model/migrate-vm.ts';
import type { SettleVmResult } from '../../../model/settle-vm.ts';
import { follow } from '../follow.ts';
import { checkedOperationId } from '../input.ts';
import { withDrover } from '../session.ts';
import { endText } from '../texts.ts';

/** `drover cancel OPERATION`: a move that is under way is aborted, and the VM stays where it is. */
export function registerCancel(program: Command): void {
  program
    .command('cancel')
    .description('end an operation; a VM that is being moved stays where it is')
    .argument('<operation>', 'its id, as drover get operations shows it')
    .action(async (typed: string, _, command: Command) => {
      const workflowId = checkedOperationId(typed);
      await withDrover(command, async (drover) => {
        const operation = drover.operation<MigrateVmResult | SettleVmResult>(workflowId);
        await operation.cancel();
        try {
          console.log(
            `it had come too far to be canceled, or had ended:\n${endText(await follow(operation))}`,
          );
        } catch (error) {
          if (!(error instanceof OperationCanceled)) throw error;
          console.log(error.message);
        }
      });
    });
}
