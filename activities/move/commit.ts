/**
 * The last step of a move, as a two-phase commit: the VM stands still on both hosts; the source's process is ended, and
 * with proof of that, and only then, the target's copy runs. libvirt's own last step is not used, because when its
 * reply is lost it lets the source run on beside the target (docs/decisions/0009-two-phase-commit.md).
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { HostSession } from '../hosts/driver.ts';
import { HostRefused } from '../hosts/errors.ts';
import type { SourceEvents } from './source-events.ts';

/** libvirt tears a process down in 1.2 to 2 s; the event that QEMU ends comes within some 10 ms. */
const proofWithinMs = 10_000;
const resumeAttempts = 20;
const resumeEveryMs = 250;

/** What the commit needs, all of it open before. */
export interface CommitSessions {
  /** Tells of the source alone: nothing else is asked on it. */
  readonly events: SourceEvents;
  readonly source: HostSession;
  readonly target: HostSession;
  /**
   * Resolves when the note stands that the source may have been told to quit; rejects when it can't be had, or where
   * this host is not to be told: libvirt's own tear-down of the source, slower and as safe, is awaited then.
   */
  readonly mayQuit: Promise<unknown>;
  /** Writes down that the target's copy is the latest, where it could not be resumed: the proof is this attempt's alone. */
  readonly noteLatest: () => Promise<unknown>;
}

export type CommitEnd =
  /** It is at the target, and runs unless a person had paused it. */
  | { readonly committed: true; readonly isPaused: boolean; readonly standstillMs: number | undefined }
  /** The source has run on, or its end could not be proven: whoever looks at both hosts decides. */
  | { readonly committed: false };

/**
 * To be called as soon as the target reports the VM paused: libvirt's own tear-down of the source races with this, and
 * whoever comes first, no copy runs before the other has ended. Nothing else may stand between its steps.
 */
export async function commit(
  uuid: string,
  { events, source, target, mayQuit, noteLatest }: CommitSessions,
): Promise<CommitEnd> {
  const isStale = Promise.withResolvers<false>();
  let isOver = false;
  const quit = async (): Promise<void> => {
    await mayQuit;
    // Asked after the note, which may have come late: a source that has run on meanwhile is the VM.
    if (isOver || !(await events.isTargetLatest())) return isStale.resolve(false);
    if (!isOver) await source.quit(uuid);
  };
  // The answer may come at once, or with the tear-down, or be a refusal because that was first: the event tells.
  quit().catch(() => undefined);
  const isProven = await Promise.race([events.provesEnd(proofWithinMs), isStale.promise]);
  isOver = true;
  if (!isProven) return { committed: false };
  if (events.leavesPaused) return { committed: true, isPaused: true, standstillMs: undefined };
  try {
    await resume(uuid, target);
  } catch (error) {
    await noteLatest();
    throw error;
  }
  const { haltedAtMs } = events;
  return {
    committed: true,
    isPaused: false,
    standstillMs: haltedAtMs === undefined ? undefined : Math.round(performance.now() - haltedAtMs),
  };
}

/** The proof is held by this attempt alone: it does not give up at the first refusal. */
async function resume(uuid: string, target: HostSession): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await target.resume(uuid);
      return;
    } catch (error) {
      if (!(error instanceof HostRefused) || attempt === resumeAttempts) throw error;
      // The answer to an earlier attempt may have been lost after it was done.
      const sight = await target.sight(uuid);
      if (sight.kind === 'present' && sight.state === 'running') return;
    }
    await pause(resumeEveryMs);
  }
}
