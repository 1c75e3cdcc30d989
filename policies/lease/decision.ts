/** What every decision about a VM's record answers. */
import type { VmRecord } from '../../model/vm-record.ts';

/** A signal to an operation. */
export interface Tell {
  readonly workflowId: string;
  readonly signal: string;
  readonly payload: unknown;
}

/** A workflow to be started. */
export interface Start {
  readonly workflowType: string;
  readonly workflowId: string;
  readonly input: unknown;
}

/** The record after a request, what the asker is answered, who is told, and what begins. */
export interface Decision<Answer> {
  readonly record: VmRecord;
  readonly answer: Answer;
  readonly tells: readonly Tell[];
  readonly starts?: readonly Start[];
}

/** A decision that changes nothing. */
export function unchanged<Answer>(record: VmRecord, answer: Answer): Decision<Answer> {
  return { record, answer, tells: [] };
}

/**
 * A VM of which nobody has asked anything yet. @param now ISO 8601, as everywhere here
 *
 * Its epochs begin with the seconds of the clock, not with 1: hosts keep the epoch in a VM's metadata, and a record
 * that was lost with its Temporal must not grant one that a host has seen.
 */
export function newVmRecord(vm: string, now: string): VmRecord {
  return { vm, epoch: Math.floor(Date.parse(now) / 1000), queue: [], operations: [] };
}
