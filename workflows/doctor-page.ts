/** The page of an examination in the Temporal UI: what is not well in a table, and how much is. */
import { bySubject, type DoctorFinding, type DoctorReport } from '../model/doctor.ts';
import { cell, mostOfPage } from './page-table.ts';

export function doctorPage({ findings, message }: DoctorReport): string {
  const shown = findings.filter(({ status }) => status !== 'ok');
  const rows = [...bySubject(shown)].flatMap(([, group]) => group.map(row));
  const table =
    rows.length === 0
      ? 'All is well.'
      : `| subject | check | status | what was found | what to do |\n|---|---|---|---|---|\n${rows.join('\n')}`;
  const whole = `**${message}**\n\n${table}`;
  if (whole.length <= mostOfPage) return whole;
  const last = whole.lastIndexOf('\n', mostOfPage - 100);
  return `${whole.slice(0, last)}\n\nThe result of the workflow has the rest.`;
}

const marks = {
  error: '❌ error',
  warning: '⚠️ warning',
  notChecked: '➖ not checked',
  ok: '✅ ok',
} as const;

function row({ subject, check, status, message, advice = '' }: DoctorFinding): string {
  return `| ${[subject, check, marks[status], message, advice].map(cell).join(' | ')} |`;
}
