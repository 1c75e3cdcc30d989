/** Results as people read them. */
import type { Finding, MigrateVmResult } from '../../model/migrate-vm.ts';
import type { SettleVmResult } from '../../model/settle-vm.ts';
import type { Placement } from '../../model/placement.ts';
import { printable, tableOf } from './output.ts';

/** What a move measured, in the words of the best of its kind: source, target, whole time, downtime, data. */
export function resultText(result: MigrateVmResult): string {
  const { figures } = result;
  const rows: (readonly [string, string | undefined])[] = [
    ['whole time', seconds(result.wholeMs)],
    ['copy', figures.copyMs === undefined ? undefined : seconds(figures.copyMs)],
    ['downtime', figures.downtimeMs === undefined ? undefined : `${Math.round(figures.downtimeMs)} ms`],
    [
      'copied',
      figures.copiedBytes === undefined
        ? undefined
        : `${(figures.copiedBytes / 1024 ** 2).toFixed(0)} MiB in ${figures.iterations ?? '?'} passes`,
    ],
    ['reason', result.reason],
  ];
  const shown = result.outcome === 'moved' ? rows.filter(([, value]) => value !== undefined) : [];
  return [
    ...result.findings.map(findingText),
    ...shown.map(([name, value]) => `  ${name.padEnd(11)}${printable(value ?? '')}`),
    printable(result.message),
  ].join('\n');
}

/** The end of any operation. */
export function endText(result: MigrateVmResult | SettleVmResult): string {
  return 'findings' in result ? resultText(result) : printable(result.message);
}

export function findingText({ severity, code, message }: Finding): string {
  return `${severity}: ${printable(message)} [${code}]`;
}

/** Every host with every filter and every part of its score. */
export function placementText(placement: Placement): string {
  const rows = placement.candidates.flatMap(({ host, fits, score, filters, scoreParts }) => [
    [host, fits ? 'fits' : 'refused', score === undefined ? '' : score.toFixed(3), ''],
    ...filters.map(({ code, passed, reason }) => ['', `  ${passed ? 'ok' : 'NO'} ${code}`, '', reason]),
    ...scoreParts.map(({ name, value, weight, reason }) => [
      '',
      `  score ${name}`,
      `${value.toFixed(3)} x ${weight}`,
      reason,
    ]),
  ]);
  return tableOf([['HOST', 'VERDICT', 'SCORE', 'WHY'], ...rows]);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
