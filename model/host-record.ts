/**
 * The record of a host: the long-lived workflow `host/NAME` that remembers its state and what room and migration slots
 * are held there for operations under way. Plain types, as in `vm-record.ts`.
 */
import type { Claimant } from './vm-record.ts';

/** `active` hosts take VMs, no others. */
export const hostStates = ['active', 'maintenance', 'failed', 'fenced'] as const;
export type HostState = (typeof hostStates)[number];

/** A host in one of these takes no VMs. */
export type ClosedState = Exclude<HostState, 'active'>;
export const closedStates: readonly ClosedState[] = hostStates.filter((state) => state !== 'active');

/** Room held for one operation, from its choice of the host until it has ended. */
export interface Reservation {
  readonly operation: Claimant;
  readonly vm: string;
  readonly memoryMiB: number;
  readonly cpuCores: number;
  /** ISO 8601, as all times here. */
  readonly since: string;
  /** The check that asked for it last. */
  readonly check?: string;
}

/** Migrations that leave a host, or come to it. */
export const slotDirections = ['in', 'out'] as const;
export type SlotDirection = (typeof slotDirections)[number];

export interface Slot {
  readonly operation: Claimant;
  readonly vm: string;
  readonly since: string;
}

/** What the record's query `record` answers, and what it takes along when it continues as new. */
export interface HostRecord {
  readonly host: string;
  readonly state: HostState;
  readonly stateSince: string;
  /** Who set the state, and why. */
  readonly stateBy?: Claimant;
  /** In the order in which they were made. */
  readonly reservations: readonly Reservation[];
  /** How many slots of each direction there are, as the latest request for one said. */
  readonly slotsOf: Readonly<Record<SlotDirection, number>>;
  readonly slots: Readonly<Record<SlotDirection, readonly Slot[]>>;
  /** In the order of their turns: by rank, then by time. */
  readonly waiting: Readonly<Record<SlotDirection, readonly Slot[]>>;
}

/**
 * Reserve first, look afterwards: whoever reserved earlier is in the answer, so of two operations that want the last
 * room at least the later one sees the other. The caller then looks at the host, counts its VMs and the answer's
 * reservations (of a VM that is there already, the VM alone), and lets go where that does not fit.
 */
export interface ReserveRoom {
  readonly host: string;
  readonly operation: Claimant;
  readonly vm: string;
  readonly memoryMiB: number;
  readonly cpuCores: number;
  /** Names the check that asks. */
  readonly check?: string;
}

export type ReserveAnswer =
  /** All that were made before its own, by whichever operation. */
  | { readonly kind: 'reserved'; readonly earlier: readonly Reservation[] }
  /** It is not active, and holds nothing for the asker: who closed it, why, since when. */
  | {
      readonly kind: 'closed';
      readonly state: HostState;
      readonly since: string;
      readonly by?: Claimant;
    };

export interface TakeSlot {
  readonly host: string;
  readonly operation: Claimant;
  readonly vm: string;
  readonly direction: SlotDirection;
  /** Slots of this direction that the host has, by the settings. */
  readonly most: number;
}

export type TakeSlotAnswer =
  | { readonly kind: 'granted' }
  /** The signal `slotGranted` tells when its turn has come. */
  | { readonly kind: 'queued'; readonly place: number; readonly holders: readonly Slot[] };

/** The payload of the signal `slotGranted`. */
export interface SlotGranted {
  readonly host: string;
  readonly direction: SlotDirection;
}

/** The operation no longer needs anything of the host: its room, its slots and its places in queues. */
export interface LetGoOfHost {
  readonly host: string;
  readonly workflowId: string;
  /**
   * Only the room that this check was the last to ask for, and none of the slots; absent: everything. A check that froze
   * and woke leaves alone what the one after it holds.
   */
  readonly roomOf?: string;
  /**
   * When the operation decided to let go, by Temporal's clock: an attempt that froze and woke leaves alone what the
   * operation was given since. Absent: everything.
   */
  readonly asOf?: string;
}

/**
 * Opens the host for arrivals (`active`) or closes it; what is held there stays held. A host that an operation has
 * closed is that operation's: another neither opens it nor closes it anew.
 */
export interface SetHostState {
  readonly host: string;
  readonly state: HostState;
  /** Who asks, and why. */
  readonly by: Claimant;
  /** The operation that has closed it, and was seen to have ended without opening it. */
  readonly takeOver?: string;
}

export type SetHostStateAnswer =
  | { readonly kind: 'set' }
  /** It is closed by another: who, why, since when. */
  | { readonly kind: 'held'; readonly state: HostState; readonly since: string; readonly by: Claimant };
