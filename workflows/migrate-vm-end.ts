/** Whether a move goes on after its check, and what it answers at its end. */
import { ApplicationFailure } from '@temporalio/workflow';
import { blockingOf, nothingToDo } from '../model/blocking.ts';
import { permanent } from '../model/failures.ts';
import type { MigrateVmInput } from '../model/migrate-vm-input.ts';
import type { Finding, MigrateVmResult } from '../model/migrate-vm.ts';
import type { Found } from './migrate-vm-check.ts';

/** The check lets the VM move to this host, or ends the operation. */
export type Decision =
  | { readonly kind: 'go'; readonly to: string }
  | { readonly kind: 'end'; readonly end: (startedMs: number) => MigrateVmResult };

/**
 * @throws ApplicationFailure `CheckFailed` with all findings, or `NoHostFits` with each host's reasons, unless it is a
 *   dry run, whose answer those are
 */
export function endWithoutMove(input: MigrateVmInput, found: Found): Decision {
  const { vm, from, to, placement, findings } = found;
  const end = (outcome: MigrateVmResult['outcome'], message: string): Decision => ({
    kind: 'end',
    end: (startedMs) => resultOf(input, found, { outcome, message, startedMs }),
  });
  const needless = nothingToDo(input, findings);
  if (needless) return end('nothingToDo', `nothing to do: ${needless.message}`);
  const blocking = blockingOf(findings, input.acceptWarnings);
  if (input.dryRun) {
    if (blocking.length > 0) return end('blocked', `${vm.name} can't be moved: ${sentences(blocking)}`);
    if (to === undefined) return end('blocked', placement.reason);
    return end('planned', `${vm.name} would move from ${from} to ${to}: ${placement.reason}`);
  }
  if (blocking.length > 0) {
    throw ApplicationFailure.create(
      permanent('CheckFailed', `${vm.name} was not moved: ${sentences(blocking)}`, {
        findings: sorted(findings),
      }),
    );
  }
  if (to === undefined) {
    throw ApplicationFailure.create(
      permanent('NoHostFits', `${vm.name} was not moved: ${placement.reason}`, { placement }),
    );
  }
  return { kind: 'go', to };
}

/** The operation's answer; what a reader wants first stands first, since the Temporal UI shows it as it is. */
export function resultOf(
  input: MigrateVmInput,
  { vm, from, to, placement, findings }: Found,
  {
    outcome,
    message,
    startedMs,
    figures = {},
  }: Pick<MigrateVmResult, 'outcome' | 'message'> & {
    readonly startedMs: number;
    readonly figures?: MigrateVmResult['figures'];
  },
): MigrateVmResult {
  return {
    outcome,
    vm: vm.name,
    from,
    ...(to === undefined ? {} : { to }),
    ...(input.reason === undefined ? {} : { reason: input.reason }),
    message,
    findings: sorted(findings),
    placement,
    wholeMs: Date.now() - startedMs,
    figures,
  };
}

/** Errors before warnings. */
function sorted(findings: readonly Finding[]): Finding[] {
  return findings.toSorted((a, b) => a.severity.localeCompare(b.severity));
}

function sentences(findings: readonly Finding[]): string {
  return sorted(findings)
    .map(({ message }) => message)
    .join('; ');
}
