/**
 * `hostRecord`, one for each host under the id `host/NAME`: whether it takes VMs, who holds room and migration slots
 * there, and who waits for one. The decisions are those of `policies/room/`.
 */
import { continueAsNew } from '@temporalio/workflow';
import { hostStates, slotDirections, type HostRecord, type SlotGranted } from '../../model/host-record.ts';
import { recordUpdates, signals } from '../../model/operations.ts';
import {
  holdingsAt,
  letGo,
  newHostRecord,
  reserve,
  setState,
  takeSlot,
  type Decision,
} from '../../policies/room/host-room.ts';
import { hostRecordPage } from './host-record-page.ts';
import { checkRecordInput } from './record-input.ts';
import { runRecord, type Decided, type RecordKind } from './record.ts';
import { claimantShape, type Shape } from './request-shape.ts';

export interface HostRecordInput {
  readonly host: string;
  /** What the record was before it continued as new; default: an active host where nothing is held. */
  readonly carried?: HostRecord;
  /** For tests: continue as new once the history has so many events. Default: 1,000. */
  readonly mostEvents?: number;
}

const hostRecordKind: RecordKind<HostRecord> = {
  kind: 'host',
  updates: {
    [recordUpdates.reserve]: {
      description: 'An operation reserves room for a VM, and is told of all earlier reservations.',
      shape: {
        operation: claimantShape,
        vm: 'string',
        memoryMiB: 'number',
        cpuCores: 'number',
        check: 'string?',
      },
      decide: telling(reserve),
    },
    [recordUpdates.takeSlot]: {
      description: 'An operation asks for a migration slot.',
      shape: { operation: claimantShape, vm: 'string', direction: slotDirections, most: 'number' },
      decide: telling(takeSlot),
    },
    [recordUpdates.letGo]: {
      description: 'An operation lets go of what it holds and waits for here.',
      shape: { workflowId: 'string', roomOf: 'string?', asOf: 'string?' },
      decide: telling(letGo),
    },
    [recordUpdates.setState]: {
      description: 'Opens the host for VMs that arrive (active), or closes it.',
      shape: { state: hostStates, by: claimantShape, takeOver: 'string?' },
      decide: telling(setState),
    },
  },
  holdings: holdingsAt,
  ended: telling((record, workflowId: string) => letGo(record, { workflowId })),
  listed: ({ host, state }) => ({ host, state }),
  page: hostRecordPage,
};

export async function hostRecord(input: HostRecordInput): Promise<never> {
  const both: Shape = { in: 'object', out: 'object' };
  checkRecordInput('host', input, {
    state: hostStates,
    reservations: 'object',
    slotsOf: { in: 'number', out: 'number' },
    slots: both,
    waiting: both,
  });
  const { host, carried, mostEvents } = input;
  const limit = mostEvents === undefined ? {} : { mostEvents };
  return await runRecord(hostRecordKind, {
    name: host,
    record: carried ?? newHostRecord(host, new Date().toISOString()),
    continueWith: (record) => continueAsNew<typeof hostRecord>({ host, carried: record, ...limit }),
    ...limit,
  });
}

/** The decision, and the signals to those whose turn has come by it. */
function telling<Request, Answer>(
  decide: (record: HostRecord, request: Request, now: string) => Decision<Answer>,
): (record: HostRecord, request: Request, now: string) => Decided<HostRecord, Answer> {
  return (before, request, now) => {
    const { record, answer, granted } = decide(before, request, now);
    const tells = granted.map(({ workflowId, direction }) => {
      const payload: SlotGranted = { host: record.host, direction };
      return { workflowId, signal: signals.slotGranted, payload };
    });
    return { record, answer, tells };
  };
}
