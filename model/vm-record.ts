/**
 * The record of a VM: the long-lived workflow `vm/NAME` that remembers what must outlive every operation, above all who
 * may act on the VM. Plain types without schemas: a record is spoken to by Drover's own activities, and schemas that a
 * workflow imports are built anew for each of its runs.
 */
import type { Rank } from './ranks.ts';

/** An operation as records know it. */
export interface Claimant {
  readonly workflowId: string;
  /**
   * Tells it from an earlier operation of the same id, which has ended; the same over a reset of the operation. Absent:
   * all of one id are taken for one.
   */
  readonly runId?: string;
  /** Its workflow type. */
  readonly kind: string;
  readonly rank: Rank;
  /** Who or what asked. */
  readonly reason?: string;
}

/**
 * What an attempt must leave in writing before it does it, so that whoever comes after it understands what they find:
 * - `mayHaveQuit`: the source's QEMU may have been told to quit: that end of it may be our own
 * - `targetIsLatest`: the source's end was proven, so the target's halted copy is whole and may run
 * - `mayHaveRestarted`: the VM may have been started from its disk
 * - `ranAtTarget`: the VM was seen to run at the target: whoever halts it from then on wants it so
 */
export type MoveNote = 'mayHaveQuit' | 'targetIsLatest' | 'mayHaveRestarted' | 'ranAtTarget';

/** Each note as people read it. */
export const moveNoteTexts: Readonly<Record<MoveNote, string>> = {
  mayHaveQuit: 'the source ends once the copy is whole',
  targetIsLatest: 'the copy at the target is the latest',
  mayHaveRestarted: 'it may have been started from its disk',
  ranAtTarget: 'it has run at the target',
};

/** What the attempts of a lease's holder do on hosts; whoever takes such a lease over has to settle it first. */
export interface MoveUnderWay {
  readonly uuid: string;
  readonly datacenter: string;
  readonly from: string;
  readonly to: string;
  /** A person had paused the VM before: it is left paused. */
  readonly wasPaused: boolean;
  /** A host drops the connection of an attempt that froze after so long; absent: as libvirt does by itself, 30. */
  readonly keepaliveSeconds?: number;
  /** Names the activity that moves it, among all of its operation. */
  readonly activity?: string;
  /**
   * The activity has begun anew, because its operation was reset: Temporal counts its attempts from 1 again, though
   * earlier ones may have left a migration that runs.
   */
  readonly beganAnew?: boolean;
  readonly notes: readonly MoveNote[];
}

/** The right of one operation to act on the VM; there is at most one. */
export interface Lease {
  readonly holder: Claimant;
  /** Only grows, over all leases of the VM. */
  readonly epoch: number;
  /** The epoch that was granted, where the VM bore a later one: its holder, which may not know yet, lets go by it too. */
  readonly raisedFrom?: number;
  /** ISO 8601, as all times here. */
  readonly since: string;
  /** `inDoubt`: its operation has ended without saying where the VM is. Only a settle ends it. */
  readonly state: 'held' | 'inDoubt';
  /** Why it is in doubt. */
  readonly doubt?: string;
  readonly move?: MoveUnderWay;
  /** Attempts on hosts so far; the latest alone may change anything there. */
  readonly attempt: number;
  /** The attempts themselves, the latest last; 20 at most. */
  readonly attempts?: readonly string[];
  /** When Temporal scheduled the latest, where it said so. */
  readonly attemptScheduledAt?: string;
  /** The holder was asked to stop, by an operation that comes first. */
  readonly stop?: StopRequest;
}

export interface StopRequest {
  readonly by: Claimant;
  readonly since: string;
  /** A host that is proven off: what ran there can't run any more. */
  readonly fencedHost?: string;
}

/** An operation that waits for the lease. */
export interface Waiter {
  readonly claimant: Claimant;
  readonly since: string;
}

/** How an operation on the VM has ended. */
export interface PastOperation {
  readonly workflowId: string;
  readonly kind: string;
  readonly endedAt: string;
  /** `moved`, `stayed`, `inDoubt`, ... */
  readonly outcome: string;
  readonly message: string;
}

/** Where a survey or an operation saw the VM last. */
export interface VmSeen {
  readonly uuid: string;
  readonly host: string;
  readonly state: string;
  readonly stateReason: string;
  readonly at: string;
}

/** What the record's query `record` answers, and what it takes along when it continues as new. */
export interface VmRecord {
  readonly vm: string;
  /** The highest epoch that was granted. */
  readonly epoch: number;
  readonly lease?: Lease;
  /** In the order of their turns: by rank, then by time. */
  readonly queue: readonly Waiter[];
  readonly seen?: VmSeen;
  /** The definition as last seen, in the hypervisor's form without secrets. */
  readonly definition?: { readonly xml: string; readonly at: string };
  /** Absent: never seen running, so it is not started either. */
  readonly shouldRun?: boolean;
  readonly lastMovedAt?: string;
  /** The newest first, ten at most. */
  readonly operations: readonly PastOperation[];
}

export interface AcquireVm {
  readonly vm: string;
  readonly claimant: Claimant;
  /** Queue behind a holder of the same or a higher rank too; default false: refused. */
  readonly wait?: boolean;
  /** Take the lease of this epoch over: it is in doubt, or its operation was seen to have ended. */
  readonly takeOver?: number;
  /** For a failover, to the holder that is asked to stop. */
  readonly fencedHost?: string;
  /**
   * The VM bears this epoch, which may be later than all that its record knows of: the record was restored from a
   * backup, or another Drover had the VM. The holder's lease gets one above it.
   */
  readonly above?: number;
}

export type AcquireVmAnswer =
  /** `unsettled`: what the lease's last holder left; settle it before anything else. */
  | { readonly kind: 'granted'; readonly epoch: number; readonly unsettled?: MoveUnderWay }
  /** The signal `leaseGranted` tells when its turn has come. */
  | { readonly kind: 'queued'; readonly place: number; readonly holder: Lease }
  | { readonly kind: 'refused'; readonly holder: Lease };

/** The payload of the signal `leaseGranted`. */
export interface LeaseGranted {
  readonly vm: string;
  readonly epoch: number;
  readonly unsettled?: MoveUnderWay;
}

export interface ReleaseVm {
  readonly vm: string;
  readonly workflowId: string;
  /** As the claimant's; what another operation of the same id holds stays. */
  readonly runId?: string;
  /** Absent: leaves the queue, or lets go of what it may hold; where an earlier holder left a move, that is in doubt. */
  readonly epoch?: number;
  readonly outcome: string;
  readonly message: string;
  /** Where the VM is now, where that was found out. */
  readonly host?: string;
  /** The VM was moved or started elsewhere by this operation. */
  readonly hasMoved?: boolean;
  /** Where the VM is could not be found out: the lease stays, in doubt, for this reason. */
  readonly doubt?: string;
}

/** An attempt makes sure that it alone may change anything on a host. */
export interface ConfirmAttempt {
  readonly vm: string;
  readonly workflowId: string;
  readonly epoch: number;
  /** Names the attempt: the activity's id and its number. A newer attempt makes every older one stale. */
  readonly attempt: string;
  /**
   * When Temporal scheduled the attempt: one that froze before its first question is then known as older than the
   * attempt that followed it. Default: whoever asks for the first time is the latest.
   */
  readonly scheduledAt?: string;
  /** It is about to move the VM so; notes begin anew, unless its activity has moved it so before. Absent: as noted before. */
  readonly move?: Omit<MoveUnderWay, 'notes' | 'beganAnew'>;
  /** Added to the move's notes. */
  readonly note?: MoveNote;
}

export type ConfirmAnswer =
  | {
      readonly isCurrent: true;
      readonly attempt: number;
      /** What this lease's attempts have noted so far. */
      readonly move?: MoveUnderWay;
    }
  | { readonly isCurrent: false; readonly reason: string };

/** Where a survey, or an operation at its end, saw the VM. */
export interface SeeVm {
  readonly vm: string;
  readonly seen: VmSeen;
  readonly xml?: string;
}
