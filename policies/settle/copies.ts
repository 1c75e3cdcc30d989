/** The copies of a VM on all hosts that were asked, sorted by what each means for the question where the VM is. */
import { conditionOf, type Condition, type Sight } from './settle.ts';

/** What one host has of the VM. */
export interface Copy {
  readonly host: string;
  readonly sight: Extract<Sight, { kind: 'present' }>;
  /** A migration of it is under way. */
  readonly isMoving?: boolean;
}

export interface SortedCopies {
  /** They run, or sleep and may wake by themselves. */
  readonly running: readonly Copy[];
  /** They are there with their memory, stopped: by a person, or because their storage failed. */
  readonly halted: readonly Copy[];
  /** Only the definition is there. */
  readonly defined: readonly Copy[];
  /** What they will be in a moment nobody can say: a migration or a shutdown is under way. */
  readonly changing: readonly Copy[];
}

const kinds: Readonly<Record<Condition, keyof SortedCopies>> = {
  runs: 'running',
  halted: 'halted',
  ioError: 'halted',
  gone: 'defined',
  switching: 'changing',
  filling: 'changing',
  postCopy: 'changing',
  ending: 'changing',
  unknown: 'changing',
};

export function sortCopies(copies: readonly Copy[]): SortedCopies {
  const of = (kind: keyof SortedCopies): Copy[] =>
    copies.filter(
      ({ sight, isMoving = false }) => (isMoving ? 'changing' : kinds[conditionOf(sight)]) === kind,
    );
  return { running: of('running'), halted: of('halted'), defined: of('defined'), changing: of('changing') };
}

/** `running (booted) on host1, off (migrated) on host2` */
export function inWords(copies: readonly Copy[]): string {
  return copies
    .map(
      ({ host, isMoving = false, sight: { state, stateReason } }) =>
        `${state}${stateReason && ` (${stateReason})`}${isMoving ? ', migrating,' : ''} on ${host}`,
    )
    .join(', ');
}
