/** The page of a host's record in the Temporal UI: whether it takes VMs, what is held there, who waits. */
import {
  slotDirections,
  type HostRecord,
  type HostState,
  type Slot,
  type SlotDirection,
} from '../../model/host-record.ts';
import { escaped, inCode, pageOf, table } from '../../model/markdown.ts';
import { recordWorkflows, searchAttributes } from '../../model/operations.ts';
import { linkToSearch, linkToVm } from '../page.ts';
import { timeText } from '../page-steps.ts';
import { claimantText, listText } from './record-page.ts';

const directionInWords: Readonly<Record<SlotDirection, string>> = { in: 'moves here', out: 'moves away' };
const meanings: Readonly<Record<HostState, string>> = {
  active: 'it takes VMs',
  maintenance: 'it takes no VMs while it is serviced',
  failed: 'it takes no VMs: it was found dead',
  fenced: 'it takes no VMs: it was switched off, since nobody knew whether it lived',
};

export function hostRecordPage(record: HostRecord): string {
  const { host, state, stateSince, stateBy, reservations } = record;
  return pageOf(
    [
      `**Host ${escaped(host)}.** This workflow remembers what is held there for operations: leave it running.`,
      `**${state}** since ${timeText(stateSince)}: ${meanings[state]}${stateBy ? `; by ${claimantText(stateBy)}` : ''}.`,
      ...slotDirections.map((direction) => slotsPart(record, direction)),
      reservations.length === 0
        ? '**Room held:** none.'
        : `**Room held** for VMs on their way here:\n\n${table(
            ['VM', 'MiB', 'CPU', 'operation', 'since'],
            reservations.map(({ vm, memoryMiB, cpuCores, operation, since }) => [
              linkToVm(vm),
              String(memoryMiB),
              String(cpuCores),
              claimantText(operation),
              timeText(since),
            ]),
          )}`,
    ],
    nextText(host),
  );
}

function slotsPart({ slots, slotsOf, waiting }: HostRecord, direction: SlotDirection): string {
  const name = directionInWords[direction];
  const taken = slots[direction];
  if (taken.length + waiting[direction].length === 0) return `**${name}:** none under way.`;
  const rows = [
    ...taken.map((slot) => row('under way', slot)),
    ...waiting[direction].map((slot, at) => row(`waits, turn ${at + 1}`, slot)),
  ];
  return `**${name},** ${taken.length} of ${slotsOf[direction]}:\n\n${table(['', 'VM', 'operation', 'since'], rows)}`;
}

function row(state: string, { vm, operation, since }: Slot): string[] {
  return [state, linkToVm(vm), claimantText(operation), timeText(since)];
}

function nextText(host: string): string {
  const of = `${searchAttributes.host} = '${host}'`;
  return listText([
    `Its VMs, as last seen: ${linkToSearch(`on ${host}`, `WorkflowType = '${recordWorkflows.vm}' AND ${of}`)}.`,
    `Operations that went to it: ${linkToSearch('operations', `WorkflowType = 'migrateVm' AND ${of}`)}.`,
    `What it says of itself now: ${inCode('drover get hosts')}.`,
  ]);
}
