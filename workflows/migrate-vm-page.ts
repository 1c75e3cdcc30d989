/** The operation's page in the Temporal UI: its current details, as a reader wants them. */
import type { MigrateVmInput, MigrateVmStatus, MigrateVmStep } from '../model/migrate-vm.ts';
import { progressText } from '../model/progress-text.ts';
import { showTable } from './page.ts';

const meaning: Readonly<Record<MigrateVmStep, string>> = {
  waiting: 'its turn has not come: another operation acts on the VM, or its hosts move as many as they may',
  checking: 'checking everything that could stop the move, and choosing the host',
  moving: 'the memory is being copied; the VM runs on',
  ended: 'ended',
};

/** Shows where the operation is; `ending` is its last word. */
export function showPage(status: MigrateVmStatus, input: MigrateVmInput, ending?: string): void {
  const { step, progress, trouble, waitsFor, alertResolvedAt } = status;
  showTable(input.dryRun ? 'dry run' : 'move', {
    VM: status.vm,
    from: status.from ?? '-',
    to: status.to ?? input.to ?? 'the best host',
    why: input.reason ?? '-',
    alert: alertResolvedAt === undefined ? undefined : `resolved at ${alertResolvedAt}`,
    step: `${step}: ${meaning[step]}`,
    'waits for': step === 'waiting' ? waitsFor : undefined,
    copy: progress && step === 'moving' ? progressText(progress) : undefined,
    trouble: trouble && !ending ? `attempt ${trouble.attempt}: ${trouble.message}` : undefined,
    end: ending,
  });
}
