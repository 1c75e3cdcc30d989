/**
 * What a host's record decides: its state, who holds room and migration slots there, and who waits. Every request may
 * be repeated, and a repeated one changes nothing. Records are never changed in place.
 */
import {
  slotDirections,
  type HostRecord,
  type LetGoOfHost,
  type Reservation,
  type ReserveAnswer,
  type ReserveRoom,
  type SetHostState,
  type SetHostStateAnswer,
  type Slot,
  type SlotDirection,
  type TakeSlot,
  type TakeSlotAnswer,
} from '../../model/host-record.ts';
import { outranks } from '../../model/ranks.ts';

/** An operation that has waited for a slot and has it now: it is to be told. */
export interface GrantedSlot {
  readonly workflowId: string;
  readonly vm: string;
  readonly direction: SlotDirection;
}

/** An operation that has something of the host. */
export interface Holding {
  readonly workflowId: string;
  readonly since: string;
}

/** The record after a request, what the asker is answered, and who else is to be told. */
export interface Decision<Answer> {
  readonly record: HostRecord;
  readonly answer: Answer;
  readonly granted: readonly GrantedSlot[];
}

/** A host of which nobody has asked anything yet. @param now ISO 8601, as everywhere here */
export function newHostRecord(host: string, now: string): HostRecord {
  return {
    host,
    state: 'active',
    stateSince: now,
    reservations: [],
    slotsOf: { in: 0, out: 0 },
    slots: { in: [], out: [] },
    waiting: { in: [], out: [] },
  };
}

/**
 * Holds room for one VM of an operation. Whoever asks again for another amount is the latest again, because those who
 * came since have counted with the old one. A closed host holds nothing for the asker.
 */
export function reserve(record: HostRecord, request: ReserveRoom, now: string): Decision<ReserveAnswer> {
  const { operation, vm, memoryMiB, cpuCores, check } = request;
  const at = record.reservations.findIndex((held) => isOf(held, operation.workflowId, vm));
  const own = record.reservations[at];
  const others = record.reservations.filter((_, index) => index !== at);
  if (record.state !== 'active') {
    const { state, stateSince, stateBy } = record;
    return {
      record: own ? { ...record, reservations: others } : record,
      answer: { kind: 'closed', state, since: stateSince, ...(stateBy ? { by: stateBy } : {}) },
      granted: [],
    };
  }
  const by = check === undefined ? {} : { check };
  if (own && own.memoryMiB === memoryMiB && own.cpuCores === cpuCores) {
    return {
      record: { ...record, reservations: record.reservations.with(at, { ...own, ...by }) },
      answer: { kind: 'reserved', earlier: record.reservations.slice(0, at) },
      granted: [],
    };
  }
  const reservation: Reservation = { operation, vm, memoryMiB, cpuCores, since: now, ...by };
  return {
    record: { ...record, reservations: [...others, reservation] },
    answer: { kind: 'reserved', earlier: others },
    granted: [],
  };
}

/**
 * Takes a slot, or a place in its queue: behind those of the same rank, before those of a lower one. How many slots
 * there are is what the latest request says; fewer than are taken end no move.
 */
export function takeSlot(record: HostRecord, request: TakeSlot, now: string): Decision<TakeSlotAnswer> {
  const { operation, vm, direction, most } = request;
  const isOwn = (slot: Slot): boolean => isOf(slot, operation.workflowId, vm);
  const known = [...record.slots[direction], ...record.waiting[direction]].some(isOwn);
  const queue = known
    ? record.waiting[direction]
    : queued(record.waiting[direction], { operation, vm, since: now });
  const { record: after, granted } = grant({
    ...record,
    slotsOf: { ...record.slotsOf, [direction]: most },
    waiting: { ...record.waiting, [direction]: queue },
  });
  const holders = after.slots[direction];
  const answer: TakeSlotAnswer = holders.some(isOwn)
    ? { kind: 'granted' }
    : { kind: 'queued', place: after.waiting[direction].findIndex(isOwn) + 1, holders };
  const isAsker = (slot: GrantedSlot): boolean =>
    slot.workflowId === operation.workflowId && slot.vm === vm && slot.direction === direction;
  // Who asks for the first time has its answer; whoever asks again may be waiting for the signal already.
  return { record: after, answer, granted: known ? granted : granted.filter((slot) => !isAsker(slot)) };
}

/** Lets go of what an operation holds and waits for, because it says so or was found to have ended. */
export function letGo(
  record: HostRecord,
  { workflowId, roomOf, asOf }: Omit<LetGoOfHost, 'host'>,
): Decision<undefined> {
  const stays = ({ operation, since }: Slot): boolean =>
    operation.workflowId !== workflowId || (asOf !== undefined && Date.parse(since) > Date.parse(asOf));
  const without = (slots: HostRecord['slots']): HostRecord['slots'] =>
    roomOf === undefined ? { in: slots.in.filter(stays), out: slots.out.filter(stays) } : slots;
  return {
    ...grant({
      ...record,
      reservations: record.reservations.filter(
        (held) => stays(held) || (roomOf !== undefined && held.check !== roomOf),
      ),
      slots: without(record.slots),
      waiting: without(record.waiting),
    }),
    answer: undefined,
  };
}

/**
 * Opens or closes the host for arrivals. What is held there stays held: those operations are on their way. Who has
 * closed it opens it, or whoever takes over from an operation that has ended.
 */
export function setState(
  record: HostRecord,
  { state, by, takeOver }: Omit<SetHostState, 'host'>,
  now: string,
): Decision<SetHostStateAnswer> {
  const { state: before, stateSince: since, stateBy: holder } = record;
  const isHeld =
    before !== 'active' &&
    holder !== undefined &&
    holder.workflowId !== by.workflowId &&
    // What was found dead, or switched off, is not open to whoever comes next.
    !(before === 'maintenance' && holder.workflowId === takeOver);
  if (isHeld) return { record, answer: { kind: 'held', state: before, since, by: holder }, granted: [] };
  const isRepeated = before === state && (holder?.workflowId === by.workflowId || state === 'active');
  return {
    record: isRepeated ? record : { ...record, state, stateSince: now, stateBy: by },
    answer: { kind: 'set' },
    granted: [],
  };
}

/** The operations that hold something or wait, each once, with the time of the latest thing that it has. */
export function holdingsAt({ reservations, slots, waiting }: HostRecord): Holding[] {
  const sinces = new Map<string, string>();
  for (const held of [reservations, ...slotDirections.flatMap((way) => [slots[way], waiting[way]])].flat()) {
    const { workflowId } = held.operation;
    const known = sinces.get(workflowId) ?? held.since;
    sinces.set(workflowId, known > held.since ? known : held.since);
  }
  return [...sinces].map(([workflowId, since]) => ({ workflowId, since }));
}

function isOf(held: Slot, workflowId: string, vm: string): boolean {
  return held.operation.workflowId === workflowId && held.vm === vm;
}

function queued(queue: readonly Slot[], slot: Slot): Slot[] {
  const behind = queue.findIndex(({ operation }) => outranks(slot.operation.rank, operation.rank));
  return behind === -1 ? [...queue, slot] : queue.toSpliced(behind, 0, slot);
}

/** Gives free slots to those whose turn it is. */
function grant(record: HostRecord): Omit<Decision<unknown>, 'answer'> {
  const granted: GrantedSlot[] = [];
  const slots = { ...record.slots };
  const waiting = { ...record.waiting };
  for (const direction of slotDirections) {
    const free = Math.max(0, record.slotsOf[direction] - slots[direction].length);
    const next = waiting[direction].slice(0, free);
    if (next.length === 0) continue;
    slots[direction] = [...slots[direction], ...next];
    waiting[direction] = waiting[direction].slice(next.length);
    granted.push(...next.map(({ operation, vm }) => ({ workflowId: operation.workflowId, vm, direction })));
  }
  return { record: { ...record, slots, waiting }, granted };
}
