/** The operation's page in the Temporal UI: its current details, as a reader wants them. */
import { setCurrentDetails } from '@temporalio/workflow';
import type { MigrateVmInput, MigrateVmStatus, MigrateVmStep } from '../model/migrate-vm.ts';
import { progressText } from '../model/progress-text.ts';

const meaning: Readonly<Record<MigrateVmStep, string>> = {
  waiting: 'asking for the VM, so that no other operation acts on it',
  checking: 'checking everything that could stop the move, and choosing the host',
  moving: 'the memory is being copied; the VM runs on',
  ended: 'ended',
};

/** @param note what a reader should know besides, to the end */
export function showPage(
  status: MigrateVmStatus,
  input: MigrateVmInput,
  { ending, note }: { readonly ending?: string; readonly note?: string },
): void {
  const rows = [
    ['VM', status.vm],
    ['from', status.from ?? '-'],
    ['to', status.to ?? input.to ?? 'the best host'],
    ['why', input.reason ?? '-'],
    ['step', `${status.step}: ${meaning[status.step]}`],
    ...(status.progress && status.step === 'moving' ? [['copy', progressText(status.progress)]] : []),
    ...(status.trouble && !ending
      ? [['trouble', `attempt ${status.trouble.attempt}: ${status.trouble.message}`]]
      : []),
    ...(note ? [['note', note]] : []),
    ...(ending ? [['end', ending]] : []),
  ];
  const table = rows.map(([name = '', value = '']) => `| ${name} | ${cell(value)} |`).join('\n');
  setCurrentDetails(`| ${input.dryRun ? 'dry run' : 'move'} | |\n|---|---|\n${table}`.slice(0, 20_000));
}

/** Text from outside as one table cell: no new rows, no markup. */
function cell(text: string): string {
  return text.replaceAll(/[\r\n]+/g, ' ').replaceAll(/[|`<>*_[\]]/g, (found) => `\\${found}`);
}
