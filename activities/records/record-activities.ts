/** What operations ask of records: every answer is one serial decision of the record itself. */
import type {
  HostRecord,
  ClosedState,
  HostState,
  LetGoOfHost,
  ReserveAnswer,
  ReserveRoom,
  SetHostState,
  SetHostStateAnswer,
  TakeSlot,
  TakeSlotAnswer,
} from '../../model/host-record.ts';
import type {
  AcquireVm,
  AcquireVmAnswer,
  Claimant,
  ConfirmAnswer,
  ConfirmAttempt,
  ReleaseVm,
  SeeVm,
  VmRecord,
} from '../../model/vm-record.ts';

/**
 * The records, as activities reach them: by update-with-start, so that a record that does not exist yet begins with its
 * first question, and with an update id that stays the same over retries.
 * Every call may be repeated; every call rejects with Temporal's own errors while Temporal or all workers are away.
 */
export interface Records {
  /** A holder that has ended is found out and taken over; its move comes back as `unsettled`. */
  acquire(request: AcquireVm): Promise<AcquireVmAnswer>;
  confirm(request: ConfirmAttempt): Promise<ConfirmAnswer>;
  release(request: ReleaseVm): Promise<void>;
  see(request: SeeVm): Promise<void>;
  reserve(request: ReserveRoom): Promise<ReserveAnswer>;
  takeSlot(request: TakeSlot): Promise<TakeSlotAnswer>;
  letGo(request: LetGoOfHost): Promise<void>;
  /** A host that an operation has closed which has ended is taken over. */
  setHostState(request: SetHostState): Promise<SetHostStateAnswer>;
  /** Undefined: there is no such record yet. */
  readVm(vm: string): Promise<VmRecord | undefined>;
  readHost(host: string): Promise<HostRecord | undefined>;
}

/** Slots of one move: out of its source first, then into its target, so that operations never wait in a circle. */
export interface TakeSlots {
  readonly slots: readonly [out: TakeSlot, in_: TakeSlot];
}

/** Hosts that an operation closes or opens. */
export interface SetHostStates {
  readonly hosts: readonly string[];
  readonly by: Claimant;
}

/** What an operation holds, let go in one step. */
export interface LetGoOfAll {
  readonly vm?: ReleaseVm;
  readonly hosts: readonly LetGoOfHost[];
}

/** A host that takes no VMs. */
export interface ClosedHost {
  readonly host: string;
  readonly state: ClosedState;
}

/** One host that is another operation's. */
export interface HeldHost {
  readonly host: string;
  readonly state: HostState;
  readonly since: string;
  readonly by: Claimant;
}

/** Activities of the queue `drover` that ask records. */
export interface RecordActivities {
  acquireVm(request: AcquireVm): Promise<AcquireVmAnswer>;
  /** Takes what is to be had; the answers are in the order of the request. */
  takeSlots(request: TakeSlots): Promise<readonly TakeSlotAnswer[]>;
  letGoOfAll(request: LetGoOfAll): Promise<void>;
  /**
   * Closes hosts, in the order of their names, up to the first that another operation has closed: of two that want some
   * of the same hosts one has all of its own.
   * @returns that host; undefined: all are closed
   */
  closeHosts(request: SetHostStates): Promise<HeldHost | undefined>;
  /** Hosts that take no VMs, by what Temporal's lists say: they lag a moment behind the records. */
  closedHosts(): Promise<readonly ClosedHost[]>;
  /** Opens hosts; those that another operation has closed meanwhile stay closed. */
  openHosts(request: SetHostStates): Promise<void>;
  /** Whether an operation still runs: records ask for those that hold something. */
  isRunning(request: { readonly workflowId: string }): Promise<boolean>;
}
