/** What was typed as an operation's input, checked before anything is asked or started. */
import type { z } from 'zod';
import { MigrateVmInput, type MigrateVmRequest } from '../../model/migrate-vm.ts';
import { SettleVmInput, type SettleVmRequest } from '../../model/settle-vm.ts';
import { plainIssue } from '../../model/plain-issue.ts';
import { printable } from './printable.ts';
import { UsageError } from './exit.ts';

/** What each key of an input is called on the command line; the others are arguments of their own name. */
const optionOf: Readonly<Record<string, string>> = {
  to: '--to',
  reason: '--reason',
  maxDowntimeMs: '--max-downtime',
  bandwidthMiBps: '--bandwidth',
  timeoutSeconds: '--timeout',
  runsOn: '--runs-on',
} satisfies Partial<Record<keyof MigrateVmRequest | keyof SettleVmRequest, string>>;

/** @throws UsageError that names each wrong value and what is allowed */
export function checkedMigrateVm(request: MigrateVmRequest): MigrateVmRequest {
  return checked(MigrateVmInput, request);
}

/** @throws UsageError that names each wrong value and what is allowed */
export function checkedSettleVm(request: SettleVmRequest): SettleVmRequest {
  return checked(SettleVmInput, request);
}

/** @throws UsageError that names each wrong value and what is allowed */
export function checked<T extends object>(schema: z.ZodType, request: T): T {
  const parsed = schema.safeParse(request);
  if (parsed.success) return request;
  const problems = parsed.error.issues.map((issue) => {
    if (issue.path.length === 0) return plainIssue(issue);
    const key = issue.path.join('.');
    return `${optionOf[key] ?? key} ${JSON.stringify(request[issue.path[0] as keyof T])} ${plainIssue(issue)}`;
  });
  throw new UsageError(printable(problems.join('\n').replaceAll('\n', '; ')));
}

/** An operation's id as an argument. @throws UsageError for an empty one */
export function checkedOperationId(id: string): string {
  if (id.trim() === '') throw new UsageError('the operation is empty: drover get operations lists them');
  return id;
}
