/** What `settleVm` asks besides what other operations ask too. */
import type { VmRecord } from '../../model/vm-record.ts';
import type { Hosts } from '../hosts/hosts.ts';
import { heartbeating } from '../heartbeats.ts';
import type { Looks } from '../looks.ts';
import type { Records } from '../records/record-activities.ts';
import { findCopies, type FindCopiesRequest, type FoundCopies } from './find-copies.ts';

/** What a VM's record says of its lease. */
export type LeaseRead = Pick<VmRecord, 'lease'>;

/** Of the queue `drover`. */
export interface SettleActivities {
  /** Undefined: the VM has no record. */
  readLease(request: { readonly vm: string }): Promise<LeaseRead | undefined>;
}

/** Of the queue of a datacenter. */
export interface SettleHostActivities {
  findCopies(request: FindCopiesRequest): Promise<FoundCopies>;
}

/** @param records those of the activity that is under way */
export function createSettleActivities(records: () => Pick<Records, 'readVm'>): SettleActivities {
  return {
    readLease: async ({ vm }) => {
      const record = await records().readVm(vm);
      return record && (record.lease ? { lease: record.lease } : {});
    },
  };
}

export function createSettleHostActivities(hosts: Hosts, looks: Looks): SettleHostActivities {
  return { findCopies: (request) => heartbeating(() => findCopies({ hosts, looks }, request)) };
}
