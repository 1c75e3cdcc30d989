/** Why this host, as an operation's page tells it: the sentence of the planner, and the foremost candidates. */
import { escaped, table } from '../model/markdown.ts';
import type { Candidate, Placement } from '../model/placement.ts';

const mostShown = 3;
/** Of the parts of a score, or of the rules that refuse. */
const mostReasons = 3;

export function placementPart({ chosen, reason, candidates, leftOut }: Placement): string {
  const title = chosen === undefined ? 'Why no host' : `Why ${escaped(chosen)}`;
  const shown = candidates.slice(0, mostShown);
  const all = candidates.length + (leftOut ? leftOut.fitting + leftOut.refused : 0);
  const rest = all - shown.length;
  return [
    `**${title}:** ${escaped(reason)}`,
    shown.length === 0 ? '' : table(['host', 'fits', 'score (0 to 1)', 'reasons'], shown.map(row)),
    rest > 0 ? `And ${rest} more ${rest === 1 ? 'host' : 'hosts'}; the result has them.` : '',
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function row({ host, fits, score, filters, scoreParts }: Candidate): string[] {
  const reasons = fits
    ? scoreParts
        .toSorted((a, b) => b.value * b.weight - a.value * a.weight)
        .map((part) => `${part.name} ${part.value.toFixed(2)}: ${part.reason}`)
    : filters.filter(({ passed }) => !passed).map((filter) => filter.reason);
  return [
    escaped(host),
    fits ? 'yes' : 'no',
    score === undefined ? '' : score.toFixed(4),
    reasons
      .slice(0, mostReasons)
      .map((reason) => escaped(reason, 300))
      .join('; '),
  ];
}
