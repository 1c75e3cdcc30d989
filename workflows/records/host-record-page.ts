/** The page of a host's record in the Temporal UI: whether it takes VMs, what is held there, who waits. */
import { slotDirections, type HostRecord, type Slot, type SlotDirection } from '../../model/host-record.ts';
import type { Claimant } from '../../model/vm-record.ts';
import { pageTable } from '../page-table.ts';

const directionInWords: Readonly<Record<SlotDirection, string>> = { in: 'moves here', out: 'moves away' };

export function hostRecordPage(record: HostRecord): string {
  const { host, state, stateSince, stateBy, reservations } = record;
  return pageTable(`host ${host}`, [
    ['state', `${state}, since ${stateSince}${stateBy ? `, by ${called(stateBy)}` : ''}`],
    ...slotDirections.flatMap((direction) => slotRows(record, direction)),
    ...reservations.map(
      ({ vm, memoryMiB, cpuCores, operation, since }) =>
        [
          'room is held',
          `for ${vm}, ${memoryMiB} MiB and ${cpuCores} CPU: ${called(operation)}, since ${since}`,
        ] as const,
    ),
    ...(reservations.length === 0 ? ([['room is held', 'for nobody']] as const) : []),
  ]);
}

function slotRows(
  { slots, slotsOf, waiting }: HostRecord,
  direction: SlotDirection,
): (readonly [string, string])[] {
  const name = directionInWords[direction];
  const taken = slots[direction];
  if (taken.length === 0) return [[name, 'none']];
  return [
    ...taken.map((slot, at): [string, string] => [`${name}, ${at + 1} of ${slotsOf[direction]}`, row(slot)]),
    ...waiting[direction].map((slot, at): [string, string] => [`waits to, ${at + 1}.`, row(slot)]),
  ];
}

function row({ vm, operation, since }: Slot): string {
  return `${vm}: ${called(operation)}, since ${since}`;
}

function called({ workflowId, kind, rank, reason }: Claimant): string {
  return `${workflowId} (${kind}, ${rank}${reason === undefined ? '' : `: ${reason}`})`;
}
