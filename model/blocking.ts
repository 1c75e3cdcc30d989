/** Which findings end an operation before anything is moved; where a check holds room and where it ends, it is one rule. */
import type { Finding } from './migrate-vm.ts';

/** Errors always; warnings where they are not accepted. What `nothingToDo` finds is an end of its own. */
export function blockingOf(findings: readonly Finding[], acceptWarnings: boolean): Finding[] {
  return findings.filter(({ severity }) => severity === 'error' || !acceptWarnings);
}

/**
 * A VM that was to be moved for want of CPU has enough by now, or would have no more where it could go; one that was to
 * leave a host has left it.
 * @returns the finding that says so
 */
export function nothingToDo(
  { onlyIfStarved }: { readonly onlyIfStarved: boolean },
  findings: readonly Finding[],
): Finding | undefined {
  return findings.find(
    ({ code }) => code === 'notStarved' || code === 'leftAlready' || (code === 'noGain' && onlyIfStarved),
  );
}
