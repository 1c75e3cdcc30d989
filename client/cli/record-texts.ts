/** Records as people read them. */
import type { HostRecord, Slot } from '../../model/host-record.ts';
import { moveNoteTexts, type Claimant, type Lease, type VmRecord } from '../../model/vm-record.ts';
import type { Section } from './sections.ts';

/** @param now to say how long ago something was */
export function vmSections(record: VmRecord, now: Date): Section[] {
  const { vm, lease, queue, seen, definition, shouldRun, lastMovedAt, operations } = record;
  return [
    {
      title: 'VM',
      body: {
        VM: vm,
        'last seen':
          seen && `${seen.state}${inBrackets(seen.stateReason)} on ${seen.host}, ${when(seen.at, now)}`,
        UUID: seen?.uuid,
        'should run':
          shouldRun === undefined ? 'unknown: it was never seen running' : shouldRun ? 'yes' : 'no',
        'last moved': lastMovedAt && when(lastMovedAt, now),
        definition:
          definition &&
          `${definition.xml.length} characters, seen ${when(definition.at, now)} (-o json prints it)`,
      },
    },
    lease
      ? { title: 'Lease', body: leaseValues(vm, lease, now) }
      : { title: 'Lease', body: 'nobody acts on it' },
    {
      title: 'Waiting',
      body:
        queue.length === 0
          ? 'nobody'
          : [
              ['TURN', 'OPERATION', 'KIND', 'RANK', 'SINCE', 'REASON'],
              ...queue.map(({ claimant, since }, at) => [
                String(at + 1),
                claimant.workflowId,
                claimant.kind,
                claimant.rank,
                when(since, now),
                claimant.reason ?? '',
              ]),
            ],
    },
    {
      title: 'Last operations',
      body:
        operations.length === 0
          ? 'none'
          : [
              ['ENDED', 'OPERATION', 'OUTCOME', 'MESSAGE'],
              ...operations.map((one) => [when(one.endedAt, now), one.workflowId, one.outcome, one.message]),
            ],
    },
  ];
}

function leaseValues(vm: string, lease: Lease, now: Date): Record<string, string | undefined> {
  const { holder, state, doubt, move, attempt, stop } = lease;
  return {
    state:
      state === 'held'
        ? 'held'
        : `in doubt: ${doubt ?? 'its operation ended without saying where the VM is'}. End the doubt with: drover settle ${vm}`,
    'held by': holder.workflowId,
    kind: holder.kind,
    rank: holder.rank,
    reason: holder.reason,
    since: when(lease.since, now),
    epoch: String(lease.epoch),
    attempts: String(attempt),
    doing:
      move &&
      `a move from ${move.from} to ${move.to}${move.notes.length > 0 ? ` (${move.notes.map((note) => moveNoteTexts[note]).join(', ')})` : ''}`,
    'asked to stop': stop && `by ${stop.by.workflowId}, ${when(stop.since, now)}`,
  };
}

export function hostSections(record: HostRecord, now: Date): Section[] {
  const { host, state, stateSince, stateBy, reservations, slots, waiting, slotsOf } = record;
  return [
    {
      title: 'host',
      body: { host, state, since: when(stateSince, now), by: stateBy && claimantText(stateBy) },
    },
    {
      title: 'Reservations',
      body:
        reservations.length === 0
          ? 'none'
          : [
              ['OPERATION', 'VM', 'MEMORY MIB', 'CORES', 'SINCE'],
              ...reservations.map((one) => [
                one.operation.workflowId,
                one.vm,
                String(one.memoryMiB),
                String(one.cpuCores),
                when(one.since, now),
              ]),
            ],
    },
    ...(['in', 'out'] as const).map((direction) => ({
      title: `Moves ${direction} (${slotsText(slots[direction].length, slotsOf[direction])})`,
      body: slotRows(slots[direction], waiting[direction], now),
    })),
  ];
}

/** How many there are a record learns with the first request for one. */
function slotsText(taken: number, all: number): string {
  return all === 0 ? 'no slot taken' : `${taken} of ${all} slots taken`;
}

function slotRows(held: readonly Slot[], waiting: readonly Slot[], now: Date): string | string[][] {
  if (held.length + waiting.length === 0) return 'none';
  const row = (turn: string, { operation, vm, since }: Slot): string[] => [
    turn,
    operation.workflowId,
    vm,
    operation.rank,
    when(since, now),
  ];
  return [
    ['TURN', 'OPERATION', 'VM', 'RANK', 'SINCE'],
    ...held.map((slot) => row('now', slot)),
    ...waiting.map((slot, at) => row(String(at + 1), slot)),
  ];
}

function claimantText({ workflowId, kind, reason }: Claimant): string {
  return `${workflowId} (${kind})${reason === undefined ? '' : `: ${reason}`}`;
}

function inBrackets(text: string): string {
  return text === '' ? '' : ` (${text})`;
}

/** `2026-11-24T10:00:00Z (3 min ago)` */
export function when(at: string, now: Date): string {
  const seconds = Math.round((now.getTime() - Date.parse(at)) / 1000);
  return `${at.replace(/\.\d+Z$/, 'Z')} (${ago(seconds)})`;
}

function ago(seconds: number): string {
  // The clocks of two machines are never quite the same.
  if (seconds < 1) return 'now';
  for (const [unit, size] of [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
  ] as const)
    if (seconds >= 2 * size) return `${Math.floor(seconds / size)} ${unit} ago`;
  return `${seconds} s ago`;
}
