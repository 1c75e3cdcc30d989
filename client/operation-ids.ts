/** How operations are called when whoever starts them gives no id. */

const dryRunMark = 'dry-run-';

/**
 * `migrate-vm/web1/2026-11-23T10:15:00.123Z`: the operation, its target, when it was asked for. A dry run says so, so
 * that lists can leave it out also while it runs.
 */
export function operationId(
  name: string,
  { vm, dryRun }: { readonly vm?: unknown; readonly dryRun?: unknown },
  now: Date,
): string {
  const kind = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const about = typeof vm === 'string' && /^[\w.-]{1,63}$/.test(vm) ? `/${vm}` : '';
  return `${kind}${about}/${dryRun === true ? dryRunMark : ''}${now.toISOString()}`;
}

/** Whether an operation only looked: by the id that it was given here, or by how it ended. */
export function isDryRun({
  workflowId,
  state,
}: {
  readonly workflowId: string;
  readonly state?: string;
}): boolean {
  return workflowId.includes(`/${dryRunMark}`) || state === 'planned' || state === 'blocked';
}
