/** The page of an examination in the Temporal UI: what is not well in a table, and how much is. */
import { bySubject, type DoctorFinding, type DoctorReport, type DoctorRequest } from '../model/doctor.ts';
import { escaped, inCode, pageOf, table } from '../model/markdown.ts';
import { datacenterTaskQueue } from '../model/operations.ts';
import { linkToStart, sinceText } from './page.ts';

/** Before there is a report. @param datacenters undefined: the settings are being read */
export function doctorPageUnderWay(
  { hosts, trials = true }: DoctorRequest,
  datacenters: readonly string[] | undefined,
): string {
  return pageOf([
    `**Examines ${hosts ? hosts.map((host) => escaped(host)).join(', ') : 'every host of the settings'}, Temporal and the workers;** it changes nothing. ${sinceText()}.`,
    datacenters &&
      `**Waits for** the workers of ${datacenters.map((name) => `${escaped(name)} (task queue ${inCode(datacenterTaskQueue(name))})`).join(', ')}${trials ? '; silent connections are held as long as a host may hold them, which takes a minute or more' : ''}.`,
  ]);
}

export function doctorPage({ findings, message }: DoctorReport): string {
  const shown = findings.filter(({ status }) => status !== 'ok');
  const rows = [...bySubject(shown)].flatMap(([, group]) => group.map(row));
  return pageOf(
    [
      `**${message}**`,
      rows.length === 0
        ? 'All is well.'
        : table(['subject', 'check', 'status', 'what was found', 'what to do'], rows),
    ],
    rows.length === 0
      ? undefined
      : `**What to do next:** what stands beside each; then examine again: ${linkToStart('start doctor', 'doctor')}, or ${inCode('drover doctor')}. The result of the workflow has what is well, too.`,
  );
}

const marks = {
  error: '❌ error',
  warning: '⚠️ warning',
  notChecked: '➖ not checked',
  ok: '✅ ok',
} as const;

function row({ subject, check, status, message, advice = '' }: DoctorFinding): string[] {
  return [subject, check, marks[status], message, advice].map((text) => escaped(text, 600));
}
