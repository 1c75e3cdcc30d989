/** `migrateVm` with its steps in another order: it looks at the site before it asks for the VM. */
import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../../activities/activities.ts';
import { migrateVm as asItIs } from '../../workflows/migrate-vm.ts';

const { readSite } = proxyActivities<Activities>({ startToCloseTimeout: '10s' });

export async function migrateVm(input: unknown): Promise<unknown> {
  await readSite();
  return asItIs(input);
}
