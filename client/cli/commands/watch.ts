import type { Command } from 'commander';
import type { OperationResults } from '../../operation.ts';
import { addExamples } from '../examples.ts';
import { printingFailures } from '../failure-data.ts';
import { follow } from '../follow.ts';
import { checkedOperationId } from '../input.ts';
import { withNearOperations } from '../near-errors.ts';
import { outputOption, print, type Format } from '../output.ts';
import { withDrover } from '../session.ts';
import { endText } from '../texts.ts';
import { showInUi } from '../in-ui.ts';

/** `drover watch OPERATION`: follows an operation to its end. */
export function defineWatch(verb: Command): void {
  verb
    .argument('<operation>', 'its id, as drover get operations shows it')
    .addOption(outputOption())
    .action(async (typed: string, { output }: { output: Format }, command: Command) => {
      const workflowId = checkedOperationId(typed);
      await withDrover(command, async (drover) => {
        const operation = drover.operation<OperationResults[keyof OperationResults]>(workflowId);
        const result = await printingFailures(output, async () => {
          try {
            // No address of what is not there.
            await operation.details();
            if (output === 'table') showInUi(drover, workflowId);
            return await follow(operation);
          } catch (error) {
            throw await withNearOperations(error, workflowId, drover);
          }
        });
        if (output === 'table') console.log(endText(result));
        else print(output, result, () => []);
      });
    });
  addExamples(verb, {
    'drover watch migrate-vm/web1/2026-11-24T10:00:00.000Z': 'its progress, then how it ended',
    'drover get operations --running': 'what there is to watch',
  });
}
