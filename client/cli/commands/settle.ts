import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import type { SettleVmRequest } from '../../../model/settle-vm.ts';
import { byCommandLine } from '../../asked-by.ts';
import { addExamples } from '../examples.ts';
import { UsageError } from '../exit.ts';
import { printingFailures } from '../failure-data.ts';
import { follow } from '../follow.ts';
import { checkedSettleVm } from '../input.ts';
import { checkHost, withNearNames } from '../near-errors.ts';
import { outputOption, print, type Format } from '../output.ts';
import { withDrover } from '../session.ts';
import { endText } from '../texts.ts';
import { showInUi } from '../in-ui.ts';

interface Options {
  readonly runsOn?: string;
  readonly reason?: string;
  readonly yes?: boolean;
  readonly output: Format;
}

/** `drover settle VM [--runs-on HOST]`: ends the doubt where a VM is, by its hosts or by a person's word. */
export function defineSettle(verb: Command): void {
  verb
    .argument('<vm>', 'the VM, by name')
    .option('--runs-on <host>', 'your word that it is on this host, where a host does not answer')
    .option('--reason <text>', 'why, for those who read it later')
    .option('-y, --yes', "don't ask back")
    .addOption(outputOption())
    .action(async (vm: string, options: Options, command: Command) => {
      const request = checkedSettleVm(requestOf(vm, options));
      await withDrover(command, async (drover, settings) => {
        if (options.runsOn !== undefined) checkHost(options.runsOn, settings);
        await confirm(request, options);
        const operation = await drover.start('settleVm', request, {
          summary: `${vm} by ${byCommandLine()}`,
          askedBy: byCommandLine(),
        });
        if (options.output === 'table') showInUi(drover, operation.workflowId);
        const result = await printingFailures(options.output, () =>
          follow(operation).catch(async (error: unknown) => {
            throw await withNearNames(error, { vm, host: options.runsOn }, drover, settings);
          }),
        );
        if (options.output === 'table') console.log(endText(result));
        else print(options.output, result, () => []);
      });
    });
  addExamples(verb, {
    'drover settle web1': 'ask the hosts where web1 is',
    'drover settle web1 --runs-on host2 --reason "host1 was unplugged"': 'your word, where a host is silent',
  });
}

function requestOf(vm: string, { runsOn, reason }: Options): SettleVmRequest {
  return { vm, ...(runsOn === undefined ? {} : { runsOn }), ...(reason === undefined ? {} : { reason }) };
}

/** A wrong word can make a VM run twice: on a terminal it is asked back. @throws UsageError when the answer is no */
async function confirm({ vm, runsOn }: SettleVmRequest, { yes }: Options): Promise<void> {
  if (runsOn === undefined || yes || !process.stdin.isTTY || !process.stderr.isTTY) return;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(
      `You say that ${vm} is on ${runsOn} and runs on no host that does not answer. If it does, its disks are damaged ` +
        `when ${vm} is started or moved next. Go on? [y/N] `,
    );
    if (!/^y(es)?$/i.test(answer.trim())) throw new UsageError('nothing was done');
  } finally {
    terminal.close();
  }
}
