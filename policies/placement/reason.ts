/** The one sentence of a placement: why this host and not the next, or why none. */
import type { Candidate, FilterVerdict } from '../../model/placement.ts';
import type { Herd, HerdHost, HerdVm } from '../engine/herd.ts';
import { type ScoreWeights, scoreOf, scorers } from '../engine/scores.ts';
import { compareNames, listed } from '../engine/wording.ts';

/** A placement as far as it is known when its reason is written. */
export interface Decided {
  readonly herd: Herd;
  readonly vm: HerdVm;
  readonly to: string | undefined;
  /** Best first, then the refused ones. */
  readonly candidates: readonly Candidate[];
  readonly chosen: Candidate | undefined;
  readonly weights: ScoreWeights;
}

/** Up to so many refused hosts are each named with their reason; more are counted. */
const namedRefusals = 3;

/** One sentence that says why the chosen host was chosen, or why none could be. */
export function placementReason(decided: Decided): string {
  const { herd, vm, to, candidates, chosen } = decided;
  if (chosen) return `${chosen.host}${to === undefined ? '' : ', as asked'}: ${merits(decided, chosen)}`;
  if (candidates.length === 0) return `there is no host for ${vm.name}`;
  const best = candidates.find(({ fits }) => fits);
  const instead = best ? `; ${best.host} would fit` : '';
  if (to !== undefined) {
    const asked = candidates.find(({ host }) => host === to);
    if (!asked) return `there is no host ${to}${instead}`;
    return `${to} can't take ${vm.name}: ${firstRefusals(asked)}${instead}`;
  }
  if (herd.hosts.length > namedRefusals) return `no host fits ${vm.name}: ${countedRefusals(candidates)}`;
  return `no host fits ${vm.name}: ${candidates.map(firstRefusals).join('; ')}`;
}

/** What is better there than on the next best host, or than where the VM is. */
function merits(decided: Decided, chosen: Candidate): string {
  const { herd, vm, to, candidates } = decided;
  const host = herd.findHost(chosen.host);
  if (!host) return '';
  const runnerUp = candidates.find((candidate) => candidate !== chosen && candidate.fits);
  const next = herd.findHost(runnerUp?.host) ?? vm.home;
  return [
    runnerUp === undefined && to === undefined ? 'the only host that fits' : '',
    next ? comparison(decided, host, next) : standing(decided, host),
    warning(decided, chosen),
  ]
    .filter((part) => part !== '')
    .join('; ');
}

/** The part of the score by which the host is furthest ahead; nothing where it is ahead in none. */
function comparison({ herd, vm, weights }: Decided, host: HerdHost, next: HerdHost): string {
  const where = placeInWords(next, vm);
  const lead = scorers
    .filter(({ concerns }) => concerns?.(vm) !== false)
    .map((scorer) => ({
      scorer,
      by: weights[scorer.name] * (scorer.value(herd, vm, host) - scorer.value(herd, vm, next)),
    }))
    .toSorted((left, right) => right.by - left.by)[0];
  if (lead && lead.by > 0) {
    return `${lead.scorer.praise}: ${lead.scorer.figure(herd, vm, host)}, against ${lead.scorer.figure(herd, vm, next)} on ${where}`;
  }
  return scoreOf(herd, vm, host, weights) === scoreOf(herd, vm, next, weights) ? `as good as ${where}` : '';
}

function standing({ herd, vm, weights }: Decided, host: HerdHost): string {
  const heaviest = scorers
    .filter(({ concerns }) => concerns?.(vm) !== false)
    .toSorted((left, right) => weights[right.name] - weights[left.name])[0];
  return heaviest?.figure(herd, vm, host) ?? '';
}

/** Says so where another host, the present one included, scores higher than the chosen one. */
function warning({ vm, candidates }: Decided, chosen: Candidate): string {
  const best = candidates
    .filter(({ score }) => score !== undefined)
    .toSorted(
      (left, right) => (right.score ?? 0) - (left.score ?? 0) || compareNames(left.host, right.host),
    )[0];
  if (!best || best === chosen || (best.score ?? 0) <= (chosen.score ?? 0)) return '';
  const home = best.host === vm.home?.name ? ', where it is,' : '';
  return `${best.host}${home} scores higher (${best.score} against ${chosen.score})`;
}

function placeInWords(host: HerdHost, vm: HerdVm): string {
  return host === vm.home ? `${host.name}, where it is` : host.name;
}

function firstRefusals(candidate: Candidate): string {
  return listed(candidate.filters.filter(({ passed }) => !passed).map(({ reason }) => reason));
}

/** How many hosts each rule refuses; a host may be refused by several. */
function countedRefusals(candidates: readonly Candidate[]): string {
  const counts = new Map<FilterVerdict['code'], number>();
  for (const { filters } of candidates) {
    for (const { code, passed } of filters) if (!passed) counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  const parts = [...counts]
    .toSorted(([left, some], [right, more]) => more - some || compareNames(left, right))
    .map(([code, count]) => `${code} on ${count}`);
  return `of ${candidates.length} hosts, ${listed(parts)}`;
}
