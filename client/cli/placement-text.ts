/** A placement as people read it: the answer, then a block for each host. */
import type { Candidate, FilterVerdict, Placement } from '../../model/placement.ts';
import { coloredTable } from './output.ts';
import { printable } from './printable.ts';

/** @param to the host that was asked about; default: none, the best one was wanted */
export function placementText(placement: Placement, to?: string): string {
  const { candidates, leftOut } = placement;
  // The host that the question was about comes first, then as they are: best first, the refused ones by name.
  const asked = candidates.filter(({ host }) => host === to);
  const others = candidates.filter(({ host }) => host !== to);
  return [
    printable(answerText(placement, to)),
    ...[...asked, ...others].map((candidate) => candidateText(candidate, placement)),
    ...(leftOut
      ? [`not shown: ${leftOut.fitting} more hosts that fit, ${leftOut.refused} more that are refused`]
      : []),
  ].join('\n\n');
}

/** One line: why the chosen host, or why not the one that was asked for. */
export function answerText({ vm, from, chosen, gain, reason, candidates }: Placement, to?: string): string {
  const where = from === undefined ? '' : ` from ${from}`;
  const asked = candidates.find(({ host }) => host === to);
  if (asked && !asked.fits) {
    const refusals = asked.filters.filter(({ passed }) => !passed).map((one) => one.reason);
    const instead = candidates.find(({ fits }) => fits);
    return `why not ${asked.host}: ${refusals.join('; ')}${instead ? `. ${instead.host} would fit` : ''}`;
  }
  if (chosen === undefined) return reason;
  const gained =
    gain === undefined ? '' : ` (score ${gain < 0 ? '' : '+'}${gain.toFixed(3)} against where it is)`;
  return `${vm} would go${where} to ${reason}${gained}`;
}

function candidateText({ host, fits, score, filters, scoreParts }: Candidate, placement: Placement): string {
  const marks = [
    fits ? 'fits' : 'refused',
    ...(host === placement.chosen ? ['chosen'] : []),
    ...(host === placement.from ? ['the VM is here'] : []),
    ...(score === undefined ? [] : [`score ${score.toFixed(3)}`]),
  ];
  const rules = [
    ['VERDICT', 'RULE', 'MEASURED', 'NEEDED', 'WHY'],
    ...filters.map((verdict) => [
      verdict.passed ? 'ok' : 'NO',
      verdict.code,
      amount(verdict, 'measured'),
      amount(verdict, 'needed'),
      verdict.reason,
    ]),
  ];
  const parts = [
    ['SCORE OF', 'VALUE', 'WEIGHT', 'WHY'],
    ...scoreParts.map(({ name, value, weight, reason }) => [name, value.toFixed(3), String(weight), reason]),
  ];
  return [
    `${printable(host)}: ${marks.join(', ')}`,
    indented(coloredTable(rules)),
    ...(scoreParts.length > 0 ? [indented(coloredTable(parts))] : []),
  ].join('\n');
}

function amount({ unit, ...verdict }: FilterVerdict, which: 'measured' | 'needed'): string {
  const value = verdict[which];
  if (value === undefined) return '';
  return `${Number(value.toFixed(2))}${unit === undefined ? '' : ` ${unit}`}`;
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
