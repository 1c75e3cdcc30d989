/** The workflows of a next version: its moves and records begin with one more step, as an upgrade may bring it. */
import { patched, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../../activities/activities.ts';
import { taskQueue } from '../../model/operations.ts';
import { migrateVm as asBefore } from '../../workflows/migrate-vm.ts';
import { vmRecord as recordAsBefore, type VmRecordInput } from '../../workflows/records/vm-record.ts';

export { settleVm } from '../../workflows/settle-vm.ts';
export { surveyHerd } from '../../workflows/survey-herd.ts';
export { listInventory } from '../../workflows/list-inventory.ts';
export { hostRecord } from '../../workflows/records/host-record.ts';

const { readSite } = proxyActivities<Activities>({ taskQueue, startToCloseTimeout: '10s' });

export async function migrateVm(input: unknown): Promise<unknown> {
  if (patched('looks-at-the-site-first')) await readSite();
  return await asBefore(input);
}

export async function vmRecord(input: VmRecordInput): Promise<never> {
  if (patched('looks-at-the-site-first')) await readSite();
  return await recordAsBefore(input);
}
