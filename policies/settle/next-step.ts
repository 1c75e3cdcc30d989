/**
 * What may be done next to bring a move to its end, from what both hosts say of the VM now. `settle` says where the VM
 * is; this says how it gets there. The order in which libvirt takes its steps is what makes each answer safe
 * (docs/decisions/0009-two-phase-commit.md).
 */
import { conditionOf, reasonOf, type Sight } from './settle.ts';

/**
 * - `nothing`: it has settled
 * - `wait`: look again: somebody is still at it, or a host does not answer
 * - `commit`: the target's copy is whole and paused, the source is halted by the migration: end the source, and with
 *   proof of that resume the target
 * - `resumeTarget`: the source ended as migrated, so it can't have run since
 * - `endTarget`: the source runs, so the target's copy is stale
 * - `endSource`: the target runs, so whatever is left at the source must never run
 * - `ask`: only a person can say
 */
export type NextStep = 'nothing' | 'wait' | 'commit' | 'resumeTarget' | 'endTarget' | 'endSource' | 'ask';

/** @param hasJob the source reports a running migration of the VM */
export function nextStep(source: Sight, target: Sight, hasJob: boolean): NextStep {
  const [atSource, atTarget] = [conditionOf(source), conditionOf(target)];
  if (hasJob || atSource === 'unknown' || atTarget === 'unknown') return 'wait';
  if ([atSource, atTarget].some((condition) => condition === 'ending' || condition === 'postCopy'))
    return 'wait';
  if (atTarget === 'filling' || atTarget === 'switching') return 'wait';
  switch (atSource) {
    case 'runs':
      if (atTarget === 'halted') return 'endTarget';
      return atTarget === 'gone' ? withoutLeftover(target) : 'ask';
    case 'switching':
      if (atTarget === 'halted') return 'commit';
      return atTarget === 'runs' ? 'endSource' : 'wait';
    case 'gone':
      return ofGoneSource(source, atTarget);
    case 'halted':
    case 'ioError':
      return atTarget === 'gone' ? withoutLeftover(target) : 'ask';
    case 'filling':
      // Somebody else moves the VM to where it came from.
      return 'wait';
    default:
      return 'ask';
  }
}

/** The checks let no move begin while the target has a definition of the VM: one that is there now is the move's. */
function withoutLeftover(target: Sight): NextStep {
  return target.kind === 'present' ? 'endTarget' : 'nothing';
}

function ofGoneSource(source: Sight, atTarget: ReturnType<typeof conditionOf>): NextStep {
  if (atTarget === 'runs') return source.kind === 'present' ? 'endSource' : 'nothing';
  if (atTarget !== 'halted') return 'ask';
  return source.kind === 'present' && source.state === 'off' && reasonOf(source) === 'migrated'
    ? 'resumeTarget'
    : 'ask';
}
