/**
 * Where a VM really runs after a move, from what both hosts say of it and what the move's attempts have noted. What may
 * be done about it is `next-step.ts`.
 */
import type { VmState } from '../../model/inventory.ts';
import type { MoveOutcome } from '../../model/migrate-vm.ts';
import { noFacts, type MoveFacts } from './move-facts.ts';

/**
 * What one host says of the VM. `absent` is proved only by a full listing that succeeded; a host that does not
 * answer, or a lookup that failed, is `unknown`.
 */
export type Sight =
  | {
      readonly kind: 'present';
      readonly state: VmState;
      readonly stateReason: string;
      /** Whether its definition stays when it stops; absent: it does. */
      readonly persistent?: boolean;
    }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown'; readonly reason: string };

/** Where the VM was found, and why that follows from what was seen. */
export interface Settlement {
  readonly outcome: MoveOutcome;
  readonly reason: string;
}

/**
 * What a sight means for the question of who runs the VM:
 * - `runs`: it runs, or sleeps (suspended to RAM) and may wake by itself
 * - `halted`: it is there, stopped by a person or a fault, and runs only if someone resumes it
 * - `ioError`: halted by the hypervisor because its storage failed
 * - `switching`: halted by a migration at its switch-over
 * - `filling`: a copy that a migration is filling
 * - `postCopy`: a migration whose memory is on both hosts; neither copy is whole
 * - `ending`: it is shutting down and will be gone soon
 * - `gone`: no copy of it is alive there
 * - `unknown`: it can't be said
 */
export type Condition =
  | 'runs'
  | 'halted'
  | 'ioError'
  | 'switching'
  | 'filling'
  | 'postCopy'
  | 'ending'
  | 'gone'
  | 'unknown';

const conditionOfState: Readonly<Record<VmState, Condition>> = {
  running: 'runs',
  suspendedToRam: 'runs',
  paused: 'halted',
  migratingIn: 'filling',
  shuttingDown: 'ending',
  off: 'gone',
  crashed: 'gone',
  unknown: 'unknown',
};

/** libvirt's reasons of the state `paused` (virDomainPausedReason) that say more than that a person paused it. */
const conditionOfPause: Readonly<Record<string, Condition>> = {
  migration: 'switching',
  migrating: 'switching',
  startingup: 'switching',
  postcopy: 'postCopy',
  postcopyfailed: 'postCopy',
  ioerror: 'ioError',
};

export function conditionOf(sight: Sight): Condition {
  if (sight.kind === 'unknown') return 'unknown';
  if (sight.kind === 'absent') return 'gone';
  const why = lettersOf(sight.stateReason);
  if (sight.state === 'paused') return conditionOfPause[why] ?? 'halted';
  if (sight.state === 'running' && why.startsWith('postcopy')) return 'postCopy';
  return conditionOfState[sight.state];
}

/** What a source's sight means where its end may have been seen. */
export function conditionOfSource(sight: Sight, { sourceHasEnded = false }: MoveFacts): Condition {
  const condition = conditionOf(sight);
  return sourceHasEnded && condition === 'ending' ? 'gone' : condition;
}

/** The reason for a state, without its spelling; empty where there is none. */
export function reasonOf(sight: Sight): string {
  return sight.kind === 'present' ? lettersOf(sight.stateReason) : '';
}

/** The guest, or its hypervisor process, died by itself. */
export function isCrash(sight: Sight): boolean {
  if (sight.kind !== 'present') return false;
  return sight.state === 'crashed' || ['crashed', 'failed'].includes(reasonOf(sight));
}

/** A reason without its spelling: "I/O error", "ioError" and "io-error" are one. */
function lettersOf(stateReason: string): string {
  return stateReason.toLowerCase().replaceAll(/[^a-z]/g, '');
}

/**
 * Says where the VM is, by what its source and its target say. Anything unknown, and anything that a move still
 * under way may change, is `inDoubt`: keep the VM's lease and look again.
 *
 * `moved` and `stayed` also cover a VM that is there but halted or asleep, as it was before the move: the reason
 * says so. `none`: no host has a live copy. `both`: two may run; touch nothing and call an operator.
 */
export function settle(source: Sight, target: Sight, facts: MoveFacts = noFacts): Settlement {
  const { outcome, because } = judge(source, target, facts);
  return {
    outcome,
    reason: `${inWords(source)} at the source, ${inWords(target)} at the target: ${because}`,
  };
}

interface Judgement {
  readonly outcome: MoveOutcome;
  readonly because: string;
}

function judge(sourceSight: Sight, targetSight: Sight, facts: MoveFacts): Judgement {
  const [source, target] = [conditionOfSource(sourceSight, facts), conditionOf(targetSight)];
  if (source === 'unknown' || target === 'unknown') {
    return inDoubt('unknown is never taken for gone; look again when the host answers');
  }
  if (source === 'runs' && target === 'runs') {
    return {
      outcome: 'both',
      because: 'two copies may run; touch nothing, an operator has to choose the one to keep',
    };
  }
  if (source === 'postCopy' || target === 'postCopy') {
    return inDoubt('a post-copy migration has its memory on both hosts; neither copy may be ended');
  }
  if (source === 'ending' || target === 'ending') {
    return inDoubt('a copy is just ending; look again when it has ended');
  }
  if (source === 'filling' || target === 'filling' || target === 'switching') {
    return inDoubt('a migration is under way; follow it, or abort it and see that no job is left');
  }
  if (target === 'ioError') {
    return inDoubt('its storage failed at the target; move and destroy nothing until that is mended');
  }
  if (source === 'runs') {
    const because =
      target === 'gone'
        ? 'it runs at the source alone'
        : 'it runs at the source, so the target’s copy is stale and must never run';
    return { outcome: 'stayed', because };
  }
  return source === 'gone'
    ? judgeGoneSource(sourceSight, target, facts)
    : judgeHaltedSource(source, target, facts);
}

function judgeHaltedSource(
  source: 'halted' | 'ioError' | 'switching',
  target: 'runs' | 'halted' | 'gone',
  { wasPaused }: MoveFacts,
): Judgement {
  if (source === 'ioError') {
    return target === 'gone'
      ? { outcome: 'stayed', because: 'it is at the source alone, halted because its storage failed there' }
      : inDoubt('its storage failed at the source; move and destroy nothing until that is mended');
  }
  if (target === 'runs' && source === 'halted') {
    return inDoubt(
      'it runs at the target, and a whole copy is halted at the source: a person has to end one',
    );
  }
  if (target === 'runs') {
    return { outcome: 'moved', because: 'it runs at the target, so the source’s halted copy must never run' };
  }
  if (target === 'gone') {
    return source === 'halted'
      ? {
          outcome: 'stayed',
          because: `it is at the source alone, halted${wasPaused ? ', as it was before' : ''}`,
        }
      : inDoubt('the source is halted at a switch-over that has not ended; it resumes or is resumed');
  }
  return inDoubt('both copies are halted; which one may go on depends on whether the source has run since');
}

function judgeGoneSource(
  source: Sight,
  target: 'runs' | 'halted' | 'gone',
  { wasPaused, notes }: MoveFacts,
): Judgement {
  if (target === 'runs') return { outcome: 'moved', because: 'it runs at the target alone' };
  if (target === 'gone') {
    return isCrash(source)
      ? {
          outcome: 'none',
          because: 'the guest, or its QEMU, crashed, and no live copy is left on either host',
        }
      : { outcome: 'none', because: 'no live copy is left on either host' };
  }
  if (notes.has('ranAtTarget')) {
    return { outcome: 'moved', because: 'it ran at the target, and is halted there by somebody since' };
  }
  const asItWas = wasPaused ? ', left paused as it was before' : '';
  // libvirt's confirm step ran, which it does only after the target took over: the source can't have run since.
  if (source.kind === 'present' && source.state === 'off' && reasonOf(source) === 'migrated') {
    const because = `the source ended as migrated, and the target’s copy is whole, halted${asItWas}`;
    return { outcome: 'moved', because };
  }
  if (notes.has('targetIsLatest')) {
    const because = `the source’s end was proven, and the target’s copy is whole, halted${asItWas}`;
    return { outcome: 'moved', because };
  }
  return inDoubt(
    'the target’s halted copy is stale if the source ran on before it ended; don’t resume it unproven',
  );
}

function inDoubt(because: string): Judgement {
  return { outcome: 'inDoubt', because };
}

function inWords(sight: Sight): string {
  if (sight.kind === 'absent') return 'absent';
  if (sight.kind === 'unknown') return `unknown (${sight.reason})`;
  return sight.stateReason === '' ? sight.state : `${sight.state} (${sight.stateReason})`;
}
