/**
 * What may be done next to bring a move to its end, from what both hosts say of the VM now and what its attempts have
 * noted. `settle` says where the VM is; this says how it gets there. What makes each answer safe is the order of steps:
 * the target's copy runs only after the source has ended, so a source that is there, in whatever state, is the VM
 * (docs/decisions/0009-two-phase-commit.md).
 */
import { noFacts, type MoveFacts } from './move-facts.ts';
import { conditionOf, conditionOfSource, isCrash, reasonOf, type Sight } from './settle.ts';

/**
 * - `nothing`: it has settled
 * - `wait`: look again: somebody is still at it, or a host does not answer
 * - `commit`: the target's copy is whole and paused, the source is halted by the migration: end the source, and with
 *   proof of that resume the target
 * - `resumeTarget`: the source's end is proven, so it can't have run since
 * - `resumeSource`: the migration that halted the source is gone, and so is the target's copy
 * - `endTarget`: the source is there, so the target's copy is stale
 * - `endSource`: the target has the VM, so whatever is left at the source must never run
 * - `restart`: neither host has a copy that may go on, by the move's own doing: start the VM from its disk
 * - `ask`: only a person can say
 */
export type NextStep =
  | 'nothing'
  | 'wait'
  | 'commit'
  | 'resumeTarget'
  | 'resumeSource'
  | 'endTarget'
  | 'endSource'
  | 'restart'
  | 'ask';

/** @param hasJob the source reports a running migration of the VM */
export function nextStep(
  source: Sight,
  target: Sight,
  hasJob: boolean,
  facts: MoveFacts = noFacts,
): NextStep {
  const [atSource, atTarget] = [conditionOfSource(source, facts), conditionOf(target)];
  if (hasJob || atSource === 'unknown' || atTarget === 'unknown') return 'wait';
  if ([atSource, atTarget].some((condition) => condition === 'ending' || condition === 'postCopy'))
    return 'wait';
  if (atTarget === 'filling' || atTarget === 'switching') return 'wait';
  switch (atSource) {
    case 'runs':
      if (atTarget === 'halted') return 'endTarget';
      return atTarget === 'gone' ? withoutLeftover(target) : 'ask';
    case 'switching':
      return ofSwitchingSource(source, target);
    case 'gone':
      return ofGoneSource(source, target, facts);
    case 'halted':
      if (atTarget === 'halted') return 'endTarget';
      return atTarget === 'gone' ? withoutLeftover(target) : 'ask';
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

/** libvirt does nothing about a source whose daemon restarted at the switch-over: "third party needs to check". */
function ofSwitchingSource(source: Sight, target: Sight): NextStep {
  if (reasonOf(source) === 'startingup') return 'wait';
  const atTarget = conditionOf(target);
  if (atTarget === 'halted') return 'commit';
  if (atTarget === 'runs') return 'endSource';
  if (atTarget !== 'gone') return 'wait';
  return target.kind === 'present' ? 'endTarget' : 'resumeSource';
}

function ofGoneSource(source: Sight, target: Sight, { wasPaused, notes }: MoveFacts): NextStep {
  const atTarget = conditionOf(target);
  // Without a definition, one that is just ending leaves nothing.
  const isLeft =
    source.kind === 'present' && !(conditionOf(source) === 'ending' && source.persistent === false);
  if (atTarget === 'runs') return isLeft ? 'endSource' : 'nothing';
  const isProven = endedAsMigrated(source) || notes.has('targetIsLatest');
  if (atTarget === 'halted') {
    // It has run there: whoever halted it since wants it so.
    if (notes.has('ranAtTarget')) return isLeft ? 'endSource' : 'nothing';
    if (isProven && wasPaused) return isLeft ? 'endSource' : 'nothing';
    if (isProven) return 'resumeTarget';
    // The source may have run on after the target's copy was whole. Nobody starts what a person had paused.
    return wasPaused ? 'ask' : 'restart';
  }
  if (atTarget !== 'gone' || wasPaused || isSomebodysWill(target, notes.has('ranAtTarget'))) return 'ask';
  // Without a definition on either host it has to be looked for first.
  if (!isLeft && target.kind !== 'present') return 'ask';
  // A source that the migration ended, or that an attempt may have ended, was no person's wish.
  return isProven || (notes.has('mayHaveQuit') && !isCrash(source)) ? 'restart' : 'ask';
}

/** libvirt's own confirm had the last reply: the source can't have run since the migration halted it. */
function endedAsMigrated(source: Sight): boolean {
  return source.kind === 'present' && source.state === 'off' && reasonOf(source) === 'migrated';
}

/** The guest powered itself off, or was moved on, where it had arrived; or a person ended it where it ran. */
function isSomebodysWill(target: Sight, hasRun: boolean): boolean {
  if (target.kind !== 'present' || target.state !== 'off') return false;
  const reason = reasonOf(target);
  return ['shutdown', 'migrated', 'saved'].includes(reason) || (hasRun && reason === 'destroyed');
}
