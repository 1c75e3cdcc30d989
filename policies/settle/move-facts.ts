/** What is known of a move beyond what both hosts say of the VM now. */
import type { MoveNote } from '../../model/vm-record.ts';

export interface MoveFacts {
  /** A person had paused the VM before it moved: wherever it ends, it is left paused. */
  readonly wasPaused: boolean;
  /** What this move's attempts have noted before they did it. */
  readonly notes: ReadonlySet<MoveNote>;
  /** Whoever asks has seen the source's end: a source that is just ending runs nothing any more. */
  readonly sourceHasEnded?: boolean;
}

export const noFacts: MoveFacts = { wasPaused: false, notes: new Set() };
