import type { Command } from 'commander';
import { OperationCanceled } from '../../errors.ts';
import type { Operation, OperationResults } from '../../operation.ts';
import type { OperationName } from '../../../model/operations.ts';
import { addExamples } from '../examples.ts';
import { failureData, printingFailures } from '../failure-data.ts';
import { follow } from '../follow.ts';
import { checkedOperationId } from '../input.ts';
import { withNearOperations } from '../near-errors.ts';
import { outputOption, print, type Format } from '../output.ts';
import { printable } from '../printable.ts';
import { withDrover } from '../session.ts';
import { endText } from '../texts.ts';

const maintenance: OperationName = 'maintainHosts';

/** `drover cancel OPERATION`: a move that is under way is aborted, and the VM stays where it is. */
export function defineCancel(verb: Command): void {
  verb
    .argument('<operation>', 'its id, as drover get operations shows it')
    .addOption(outputOption())
    .action(async (typed: string, { output }: { output: Format }, command: Command) => {
      const workflowId = checkedOperationId(typed);
      await withDrover(command, async (drover) => {
        const operation = drover.operation<OperationResults[keyof OperationResults]>(workflowId);
        try {
          const { type } = await operation.details().catch(async (error: unknown) => {
            throw await withNearOperations(error, workflowId, drover);
          });
          if (type === maintenance) return await cancelMaintenance(operation, output);
          await operation.cancel();
          if (output === 'table') {
            console.error(
              printable(
                `${workflowId} is asked to end: a copy is aborted, and both hosts are asked where the VM is; one that is silent, for 15 minutes at most. Ctrl-C leaves it to that`,
              ),
            );
          }
          const result = await follow(operation);
          if (output !== 'table')
            return print(output, { operation: workflowId, canceled: false, ...result }, () => []);
          console.log(`it had come too far to be canceled, or had ended:\n${endText(result)}`);
        } catch (error) {
          if (!(error instanceof OperationCanceled))
            await printingFailures(output, () => Promise.reject(error as Error));
          else if (output === 'table') console.log(printable(error.message));
          else print(output, { canceled: true, ...failureData(error) }, () => []);
        }
      });
    });
  addExamples(verb, {
    'drover cancel migrate-vm/web1/2026-11-24T10:00:00.000Z': 'abort the move; web1 stays where it was',
  });
}

/** It ends well: the hosts are opened, and what moved is told. */
async function cancelMaintenance(
  operation: Operation<OperationResults[keyof OperationResults]>,
  output: Format,
): Promise<void> {
  const { message } = await operation.cancelMaintenance();
  if (output === 'table') console.error(printable(message));
  const result = await follow(operation);
  if (output === 'table') console.log(endText(result));
  else print(output, { operation: operation.workflowId, canceled: true, ...result }, () => []);
}
