/**
 * `vmRecord`, one for each VM under the id `vm/NAME`: who may act on the VM, who waits for it, where it was seen, whether
 * it should run, and how the last operations on it ended. The decisions are those of `policies/lease/`.
 */
import { continueAsNew, patched } from '@temporalio/workflow';
import { recordUpdates, signals } from '../../model/operations.ts';
import type { ReleaseVm, VmRecord } from '../../model/vm-record.ts';
import { confirm } from '../../policies/lease/confirm.ts';
import { newVmRecord, type Decision } from '../../policies/lease/decision.ts';
import { acquire, operationEnded, release } from '../../policies/lease/lease.ts';
import { see } from '../../policies/lease/see.ts';
import { lastUnsettled } from './needs-person.ts';
import { checkRecordInput } from './record-input.ts';
import { runRecord, type RecordKind } from './record.ts';
import { claimantShape } from './request-shape.ts';
import { vmRecordPage } from './vm-record-page.ts';

export interface VmRecordInput {
  readonly vm: string;
  /** What the record was before it continued as new; default: nothing is known of the VM. */
  readonly carried?: VmRecord;
  /** For tests: continue as new once the history has so many events. Default: 1,000. */
  readonly mostEvents?: number;
}

const vmRecordKind: RecordKind<VmRecord> = {
  kind: 'vm',
  updates: {
    [recordUpdates.acquire]: {
      description: 'An operation asks for the lease.',
      shape: {
        claimant: claimantShape,
        wait: 'boolean?',
        takeOver: 'number?',
        fencedHost: 'string?',
        above: 'number?',
      },
      decide: acquire,
    },
    [recordUpdates.confirm]: {
      description: 'An attempt asks whether it may change anything on a host.',
      shape: {
        workflowId: 'string',
        epoch: 'number',
        attempt: 'string',
        scheduledAt: 'string?',
        move: 'object?',
        note: 'string?',
      },
      decide: confirm,
    },
    [recordUpdates.release]: {
      description: 'An operation lets go of the lease, or leaves the queue.',
      shape: {
        workflowId: 'string',
        runId: 'string?',
        epoch: 'number?',
        outcome: 'string',
        message: 'string',
        host: 'string?',
        hasMoved: 'boolean?',
        doubt: 'string?',
      },
      decide: (record, request: Omit<ReleaseVm, 'vm'>, now) => tellingDoubts(release(record, request, now)),
    },
    [recordUpdates.see]: {
      description: 'The VM was seen.',
      shape: {
        seen: { uuid: 'string', host: 'string', state: 'string', stateReason: 'string', at: 'string' },
        xml: 'string?',
      },
      decide: see,
    },
  },
  // Who waits is told when its turn comes, which shows whether it still runs.
  holdings: ({ lease }) =>
    lease?.state === 'held' ? [{ workflowId: lease.holder.workflowId, since: lease.since }] : [],
  ended: operationEnded,
  listed: (record) => ({
    vm: record.vm,
    state: record.lease?.state ?? 'free',
    // Records that run since before the patch go on as their histories say.
    needsOperator:
      record.lease?.state === 'inDoubt' ||
      (lastUnsettled(record) !== undefined && patched('record-needs-person')),
    ...(record.seen ? { host: record.seen.host } : {}),
  }),
  page: vmRecordPage,
};

/** Records that run since before the patch tell nobody, as their histories say. */
function tellingDoubts<Answer>(decision: Decision<Answer>): Decision<Answer> {
  const isOfDoubt = ({ signal }: { readonly signal: string }): boolean => signal === signals.leaseInDoubt;
  if (!decision.tells.some(isOfDoubt) || patched('record-tells-of-doubt')) return decision;
  return { ...decision, tells: decision.tells.filter((tell) => !isOfDoubt(tell)) };
}

export async function vmRecord(input: VmRecordInput): Promise<never> {
  checkRecordInput('vm', input, { epoch: 'number', queue: 'object', operations: 'object' });
  const { vm, carried, mostEvents } = input;
  return await runRecord(vmRecordKind, {
    name: vm,
    record: carried ?? newVmRecord(vm, new Date().toISOString()),
    continueWith: (record) =>
      continueAsNew<typeof vmRecord>({
        vm,
        carried: record,
        ...(mostEvents === undefined ? {} : { mostEvents }),
      }),
    ...(mostEvents === undefined ? {} : { mostEvents }),
  });
}
