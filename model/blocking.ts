/** Which findings end an operation before anything is moved; where a check holds room and where it ends, it is one rule. */
import type { Finding } from './migrate-vm.ts';

/** Errors always; warnings where they are not accepted. `notStarved` is an end of its own: see `nothingToDo`. */
export function blockingOf(findings: readonly Finding[], acceptWarnings: boolean): Finding[] {
  return findings.filter(({ severity }) => severity === 'error' || !acceptWarnings);
}

/** The cause for which the VM was to be moved is gone. @returns the finding that says so */
export function nothingToDo(findings: readonly Finding[]): Finding | undefined {
  return findings.find(({ code }) => code === 'notStarved');
}
