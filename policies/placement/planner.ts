/** Which host one VM should go to, with every rule's answer for every host. */
import type { Candidate, Placement, Snapshot } from '../../model/placement.ts';
import { verdictsOf } from '../engine/filters.ts';
import { Herd, type HerdHost, type HerdVm } from '../engine/herd.ts';
import { rounded, scoreOf, scorePartsOf } from '../engine/scores.ts';
import { compareNames } from '../engine/wording.ts';
import { placementReason } from './reason.ts';
import { type PlacementSettings, defaultPlacementSettings } from './settings.ts';

/** What is asked of the planner. */
export interface PlacementQuestion {
  readonly vm: string;
  /** Only this host may be chosen; the others are explained all the same. */
  readonly to?: string | undefined;
  readonly settings?: PlacementSettings;
}

/**
 * Chooses a host for one VM and explains every host. The host that the VM is on is never chosen, but scored, so
 * that `gain` says whether moving is worth it. Equal scores: the first by name.
 * @throws Error for a VM that the snapshot does not have, or a snapshot with a host twice: bugs of the caller
 */
export function placeVm(snapshot: Snapshot, question: PlacementQuestion): Placement {
  const settings = question.settings ?? defaultPlacementSettings;
  return placeInHerd(new Herd(snapshot, settings), { ...question, settings });
}

/** `placeVm` on a working copy that is built already, as it is after the moves tried on it so far. */
export function placeInHerd(herd: Herd, question: PlacementQuestion): Placement {
  const settings = question.settings ?? defaultPlacementSettings;
  const vm = herd.vm(question.vm);
  const candidates = herd.hosts.map((host) => candidateOf(herd, vm, host, settings)).toSorted(bestFirst);
  const chosen = candidates.find(({ fits, host }) => fits && (question.to ?? host) === host);
  const present = candidates.find(({ host }) => host === vm.home?.name);
  return {
    vm: vm.name,
    ...(vm.facts.host !== undefined && { from: vm.facts.host }),
    ...(chosen && { chosen: chosen.host }),
    ...(chosen?.score !== undefined &&
      present?.score !== undefined && { gain: rounded(chosen.score - present.score) }),
    reason: placementReason({ herd, vm, to: question.to, candidates, chosen, weights: settings.weights }),
    candidates,
  };
}

function candidateOf(herd: Herd, vm: HerdVm, host: HerdHost, settings: PlacementSettings): Candidate {
  const filters = verdictsOf(herd, vm, host);
  const fits = filters.every(({ passed }) => passed);
  if (!fits && vm.home !== host) return { host: host.name, fits, filters, scoreParts: [] };
  return {
    host: host.name,
    fits,
    filters,
    score: scoreOf(herd, vm, host, settings.weights),
    scoreParts: scorePartsOf(herd, vm, host, settings.weights),
  };
}

function bestFirst(left: Candidate, right: Candidate): number {
  if (left.fits !== right.fits) return left.fits ? -1 : 1;
  const byScore = left.fits ? (right.score ?? 0) - (left.score ?? 0) : 0;
  return byScore || compareNames(left.host, right.host);
}
