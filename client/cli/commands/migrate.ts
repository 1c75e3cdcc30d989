import { InvalidArgumentError, Option, type Command } from 'commander';
import type { MigrateVmRequest } from '../../../model/migrate-vm.ts';
import { byCommandLine } from '../../asked-by.ts';
import { addExamples } from '../examples.ts';
import { Refused } from '../exit.ts';
import { printingFailures } from '../failure-data.ts';
import { follow } from '../follow.ts';
import { checkedMigrateVm } from '../input.ts';
import { withNearNames } from '../near-errors.ts';
import { outputOption, print, type Format } from '../output.ts';
import { withDrover } from '../session.ts';
import { resultText } from '../texts.ts';
import { inUi, showInUi } from '../in-ui.ts';

interface Options {
  readonly to?: string;
  readonly reason?: string;
  readonly dryRun?: boolean;
  readonly strict?: boolean;
  readonly wait?: boolean;
  readonly maxDowntime?: number;
  readonly bandwidth?: number;
  readonly timeout?: number;
  readonly detach?: boolean;
  readonly output: Format;
}

/** `drover migrate VM [--to HOST]`: moves a running VM and follows the move to its end. */
export function defineMigrate(verb: Command): void {
  verb
    .argument('<vm>', 'the VM, by name')
    .option('--to <host>', 'the host to move to; default: the best one')
    .option('--reason <text>', 'why, for those who read it later')
    .option('--dry-run', 'check everything and choose the host; change nothing')
    .option('--strict', 'let warnings stop the move as errors do')
    .option('--wait', 'wait for the operation that acts on the VM now; default: it is refused')
    .option('--max-downtime <ms>', 'allow the VM to stand still for up to so long, in steps', integer)
    .option('--bandwidth <mib/s>', 'copy at most so fast', integer)
    .option('--timeout <seconds>', 'give up copying after so long', integer)
    .option('--watch', 'follow it to its end; Ctrl-C leaves it running (this is the default)')
    .addOption(new Option('--detach', 'return as soon as the operation is started').conflicts('watch'))
    .addOption(outputOption())
    .action(async (vm: string, options: Options, command: Command) => {
      const request = checkedMigrateVm(requestOf(vm, options));
      await withDrover(command, async (drover, settings) => {
        const operation = await drover.start('migrateVm', request, {
          summary: `${vm} by ${byCommandLine()}`,
          askedBy: byCommandLine(),
        });
        if (options.output === 'table') showInUi(drover, operation.workflowId);
        if (options.detach) {
          print(
            options.output,
            { workflowId: operation.workflowId, ...inUi(drover, operation.workflowId) },
            () => [['OPERATION'], [operation.workflowId]],
          );
          return;
        }
        const result = await printingFailures(options.output, () =>
          follow(operation).catch(async (error: unknown) => {
            throw await withNearNames(error, { vm, host: options.to }, drover, settings);
          }),
        );
        if (options.output === 'table') console.log(resultText(result));
        else print(options.output, result, () => []);
        if (result.outcome === 'blocked') throw new Refused('the dry run found that it would be refused');
      });
    });
  addExamples(verb, {
    'drover migrate web1': 'to the best host, followed to the end',
    'drover migrate web1 --to host2 --dry-run': 'all that would stop it, at once',
    'drover migrate web1 --detach -o json': 'only start it; prints its id',
  });
}

/** What was typed as the operation's input. */
function requestOf(vm: string, options: Options): MigrateVmRequest {
  return {
    vm,
    ...(options.to === undefined ? {} : { to: options.to }),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
    ...(options.dryRun ? { dryRun: true } : {}),
    ...(options.strict ? { acceptWarnings: false } : {}),
    ...(options.wait ? { wait: true } : {}),
    ...(options.maxDowntime === undefined ? {} : { maxDowntimeMs: options.maxDowntime }),
    ...(options.bandwidth === undefined ? {} : { bandwidthMiBps: options.bandwidth }),
    ...(options.timeout === undefined ? {} : { timeoutSeconds: options.timeout }),
  };
}

function integer(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value)) throw new InvalidArgumentError('give a whole number');
  return value;
}
