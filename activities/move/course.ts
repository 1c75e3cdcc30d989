/** What an attempt knows of a move beyond what the hosts say. */
import { faultOf, type MoveFault } from './fault.ts';
import type { Aborting, Followed } from './follow.ts';
import type { MoveNote } from '../../model/vm-record.ts';
import type { MoveFacts } from '../../policies/settle/move-facts.ts';

const faultOfAbort: Readonly<Record<NonNullable<Followed['aborted']>, MoveFault | undefined>> = {
  canceled: undefined,
  budget: 'vm',
  noProgress: 'vm',
  diskLost: 'target',
};

export class Course {
  /** This attempt has found a migration running, or its end. */
  reattached = false;
  ordered = false;
  committed = false;
  aborted?: Followed['aborted'];
  cause?: string;
  fault?: MoveFault;
  standstillMs?: number;
  wasPaused: boolean;
  /** No attempt to make this move came before. */
  readonly isFirst: boolean;
  readonly #notes: Set<MoveNote>;

  constructor(
    noted: { readonly wasPaused: boolean; readonly notes: readonly MoveNote[] },
    { isFirst }: { readonly isFirst: boolean },
  ) {
    this.wasPaused = noted.wasPaused;
    this.isFirst = isFirst;
    this.#notes = new Set(noted.notes);
  }

  get facts(): MoveFacts {
    return { wasPaused: this.wasPaused, notes: this.#notes, sourceHasEnded: this.committed };
  }

  /** An earlier attempt was to abort the migration; whether it came to that, the hosts say. */
  goOnAborting({ kind, reason }: Aborting): void {
    this.aborted = kind;
    this.cause = reason;
    const fault = faultOfAbort[kind];
    if (fault) this.fault = fault;
  }

  /** How the migration ended, and on whose account. */
  heed({ aborted, cause, refusal }: Followed): void {
    if (aborted) this.aborted = aborted;
    if (cause !== undefined) this.cause = cause;
    const fault = aborted ? faultOfAbort[aborted] : faultOf(refusal);
    if (fault) this.fault = fault;
  }

  /** An earlier attempt announced the quit of a source that runs: how it ends from here on is not its doing. */
  knowsNobodyQuit(): void {
    this.#notes.delete('mayHaveQuit');
  }

  /** This attempt did what the note is about; a note that only announced it stands in the record alone. */
  did(note: MoveNote): void {
    this.#notes.add(note);
  }
}
