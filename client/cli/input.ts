/** What was typed as an operation's input, checked before anything is asked or started. */
import { MigrateVmInput, type MigrateVmRequest } from '../../model/migrate-vm.ts';
import { plainIssue } from '../../model/plain-issue.ts';
import { printable } from './output.ts';
import { UsageError } from './exit.ts';

/** @throws UsageError that names each wrong value and what is allowed */
export function checkedMigrateVm(request: MigrateVmRequest): MigrateVmRequest {
  const parsed = MigrateVmInput.safeParse(request);
  if (parsed.success) return request;
  const problems = parsed.error.issues.map((issue) => {
    const key = issue.path.join('.');
    return `${key} ${JSON.stringify(request[key as keyof MigrateVmRequest])} ${plainIssue(issue)}`;
  });
  throw new UsageError(printable(problems.join('\n').replaceAll('\n', '; ')));
}

/** An operation's id as an argument. @throws UsageError for an empty one */
export function checkedOperationId(id: string): string {
  if (id.trim() === '') throw new UsageError('the operation is empty: drover get operations lists them');
  return id;
}
