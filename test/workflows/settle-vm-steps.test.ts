/** The promises of `settleVm`'s steps, for a VM whose lease an ended move has left in doubt. */
import type { Activities, HostActivities } from '../../activities/activities.ts';
import type { RecordActivities } from '../../activities/records/record-activities.ts';
import type { SettleActivities } from '../../activities/settle/settle-activities.ts';
import { datacenterTaskQueue, taskQueue } from '../../model/operations.ts';
import type { SettleVmRequest, SettleVmResult } from '../../model/settle-vm.ts';
import { newVmRecord } from '../../policies/lease/decision.ts';
import { workflowsPath } from '../../worker/run-worker.ts';
import { datacenter, moved } from './stand-in-worker.ts';
import { testSteps } from './steps/harness.ts';
import { RecordsWorld } from './steps/records-world.ts';

type Needed = RecordActivities &
  SettleActivities &
  Pick<HostActivities, 'moveVm'> &
  Pick<Activities, 'readSite'>;

const since = '2026-01-01T00:00:00.000Z';

testSteps<RecordsWorld>({
  workflowsPath,
  workflow: 'settleVm',
  input: { vm: 'web1' } satisfies SettleVmRequest,
  taskQueues: [taskQueue, datacenterTaskQueue(datacenter)],
  // The record has been told, and the next may act on the VM.
  pointOfNoReturn: 'letGoOfAll',
  newWorld: () => {
    const records = new RecordsWorld();
    const record = newVmRecord('web1', since);
    records.vms['web1'] = {
      ...record,
      lease: {
        holder: { workflowId: 'migrate-vm/web1/1', kind: 'migrateVm', rank: 'balance' },
        epoch: record.epoch,
        since,
        state: 'inDoubt',
        doubt: 'host1 did not answer',
        attempt: 1,
        move: {
          uuid: '9f0c7d2e-6f0b-4d0a-9a51-0d5bb6d1c7aa',
          datacenter,
          from: 'host1',
          to: 'host2',
          wasPaused: false,
          notes: [],
        },
      },
    };
    return records;
  },
  // Who holds it in doubt is another after each try.
  seen: ({ vms }) => ({ state: vms['web1']?.lease?.state, move: vms['web1']?.lease?.move }),
  answered: ({ outcome, host }: SettleVmResult) => ({ outcome, host }),
  activitiesIn: (records): Needed => ({
    ...records.activities,
    readSite: async () => ({ datacenters: [datacenter] }),
    readLease: async ({ vm }) => {
      const lease = records.vms[vm]?.lease;
      return lease ? { lease } : {};
    },
    moveVm: async () => ({ ...moved, outcome: 'stayed', reason: 'web1 runs on host1' }),
  }),
});
