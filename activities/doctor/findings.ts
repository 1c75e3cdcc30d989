/** Findings as checks make them, and how many of them one answer holds. */
import type { DoctorCheck, DoctorFinding } from '../../model/doctor.ts';
import { fewNames } from '../../model/names.ts';

/** Makes the findings of one check of one subject. */
export interface FindingsOf {
  ok(message: string): DoctorFinding;
  warning(message: string, advice: string): DoctorFinding;
  error(message: string, advice: string): DoctorFinding;
  notChecked(message: string, advice?: string): DoctorFinding;
}

export function findingsOf(subject: string, check: DoctorCheck): FindingsOf {
  return {
    ok: (message) => ({ subject, check, status: 'ok', message }),
    warning: (message, advice) => ({ subject, check, status: 'warning', message, advice }),
    error: (message, advice) => ({ subject, check, status: 'error', message, advice }),
    notChecked: (message, advice) => ({
      subject,
      check,
      status: 'notChecked',
      message,
      ...(advice === undefined ? {} : { advice }),
    }),
  };
}

/**
 * As many findings as an answer has room for: of a large site those that are well are told in one line for each check,
 * and if that is still too much, the rest of each check likewise.
 * @param mostBytes of JSON
 */
export function fitted(findings: readonly DoctorFinding[], mostBytes: number): readonly DoctorFinding[] {
  if (bytesOf(findings) <= mostBytes) return findings;
  const merged = merge(findings, ({ status }) => status === 'ok');
  return bytesOf(merged) <= mostBytes ? merged : merge(findings, () => true);
}

/** The first few of each check and status stand for themselves where they are not ok. */
const mostKept = 10;

function merge(
  findings: readonly DoctorFinding[],
  mayMerge: (finding: DoctorFinding) => boolean,
): DoctorFinding[] {
  const groups = Map.groupBy(findings, ({ check, status }) => `${check} ${status}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first || group.length <= mostKept || !mayMerge(first)) return group;
    const kept = first.status === 'ok' ? [] : group.slice(0, mostKept);
    const rest = group.slice(kept.length);
    const { check, status, advice } = first;
    return [
      ...kept,
      {
        subject: `${rest.length} ${kept.length > 0 ? 'more' : 'subjects'}`,
        check,
        status,
        message: fewNames(rest.map(({ subject }) => subject)),
        ...(advice === undefined ? {} : { advice }),
      },
    ];
  });
}

function bytesOf(findings: readonly DoctorFinding[]): number {
  return Buffer.byteLength(JSON.stringify(findings));
}

/** A duration as a sentence has it: `45 ms`, `4.0 s`. */
export function spanText(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
