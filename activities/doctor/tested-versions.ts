/** Versions with which Drover's tests have passed, and those below which calls are missing that it makes. */
import type { DoctorFinding } from '../../model/doctor.ts';
import { findingsOf } from './findings.ts';

export interface TestedVersions {
  /** `major.minor`; any patch of it counts as tested. */
  readonly tested: readonly string[];
  readonly atLeast: string;
}

export const testedVersions = {
  // 6.0: the last procedure that Drover calls (CONNECT_COMPARE_HYPERVISOR_CPU, 4.4), and a migration's own timeouts.
  libvirt: { tested: ['9.0'], atLeast: '6.0' },
  // 4.2: the first that keeps a paused arrival's locks as they are needed here.
  QEMU: { tested: ['7.2'], atLeast: '4.2' },
  // 1.20: updates; 1.28: update with start by default, which records need.
  'Temporal server': { tested: ['1.29'], atLeast: '1.28' },
} as const satisfies Record<string, TestedVersions>;
export type TestedProgram = keyof typeof testedVersions;

/** What is to be said of a version: nothing, or a sentence. */
export function judgeVersion(
  program: TestedProgram,
  version: string,
): { readonly status: 'ok' | 'warning' | 'error'; readonly message: string } {
  const { tested, atLeast }: TestedVersions = testedVersions[program];
  const list = tested.join(', ');
  if (compareVersions(version, atLeast) < 0)
    return { status: 'error', message: `${program} ${version} is older than ${atLeast}, which Drover needs` };
  if (tested.some((known) => version === known || version.startsWith(`${known}.`)))
    return { status: 'ok', message: `${program} ${version}` };
  const than = tested.every((known) => compareVersions(version, known) > 0) ? 'newer than' : 'not among';
  return {
    status: 'warning',
    message: `${program} ${version} is untested: it is ${than} what was tested (${list})`,
  };
}

/** One finding for all programs of a subject. */
export function versionsFinding(
  subject: string,
  versions: Readonly<Partial<Record<TestedProgram, string>>>,
  check: 'versions' | 'server' = 'versions',
): DoctorFinding {
  const finding = findingsOf(subject, check);
  const judged = Object.entries(versions).map(([program, version]) =>
    judgeVersion(program as TestedProgram, version),
  );
  const message = judged.map((one) => one.message).join('; ');
  if (judged.some(({ status }) => status === 'error'))
    return finding.error(message, 'upgrade it: what Drover calls is missing or behaves otherwise');
  if (judged.some(({ status }) => status === 'warning'))
    return finding.warning(message, 'try a move of a VM that nobody needs before you rely on it');
  return finding.ok(message);
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) =>
    text.split(/[.-]/).map((part) => Number.parseInt(part, 10) || 0),
  );
  for (let place = 0; place < Math.max(left?.length ?? 0, right?.length ?? 0); place++) {
    const difference = (left?.[place] ?? 0) - (right?.[place] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
