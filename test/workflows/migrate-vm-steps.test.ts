/** The promises of `migrateVm`'s steps, in a world of two hosts whose records decide as the real ones do. */
import { Context } from '@temporalio/activity';
import type { Activities, HostActivities } from '../../activities/activities.ts';
import type { RecordActivities } from '../../activities/records/record-activities.ts';
import type { MigrateVmRequest, MigrateVmResult } from '../../model/migrate-vm.ts';
import { datacenterTaskQueue, taskQueue } from '../../model/operations.ts';
import { workflowsPath } from '../../worker/run-worker.ts';
import { datacenter, foundAs, moved } from './stand-in-worker.ts';
import { testSteps } from './steps/harness.ts';
import { RecordsWorld } from './steps/records-world.ts';

/** Its record has granted none as high: the steps include the one that raises the lease. */
const laterEpoch = 4_000_000_000;

interface World {
  readonly records: RecordsWorld;
  runsOn: 'host1' | 'host2';
  /** Hosts of which the operation knows: of an answer that was lost the host's record finds out by itself. */
  readonly known: Set<string>;
}

type Needed = RecordActivities &
  Pick<Activities, 'readSite'> &
  Pick<HostActivities, 'checkMigration' | 'moveVm'>;

testSteps<World>({
  workflowsPath,
  workflow: 'migrateVm',
  input: { vm: 'web1' } satisfies MigrateVmRequest,
  taskQueues: [taskQueue, datacenterTaskQueue(datacenter)],
  pointOfNoReturn: 'moveVm',
  newWorld: () => ({ records: new RecordsWorld(), runsOn: 'host1', known: new Set() }),
  seen: ({ records, runsOn, known }) => ({ runsOn, held: records.held(known) }),
  // The rest is time that passes.
  answered: ({ outcome, from, to }: MigrateVmResult) => ({ outcome, from, to }),
  byHand: ({ records }) => records.endDoubts(),
  activitiesIn: (world): Needed => ({
    ...world.records.activities,
    takeSlots: (request) => {
      for (const { host } of request.slots) world.known.add(host);
      return world.records.activities.takeSlots(request);
    },
    letGoOfAll: (request) => {
      for (const { host } of request.hosts) world.known.add(host);
      return world.records.activities.letGoOfAll(request);
    },
    readSite: async () => ({ datacenters: [datacenter] }),
    checkMigration: async ({ vm, operation }) => {
      const found = foundAs(vm, { epoch: laterEpoch });
      if (operation && found.kind === 'found' && found.to !== undefined) {
        const { memoryMiB } = found.vm;
        world.records.reserve({ host: found.to, operation, vm, memoryMiB, cpuCores: 1 });
      }
      return found;
    },
    moveVm: async ({ endNow }) => {
      const canceled = endNow ?? Context.current().cancellationSignal.aborted;
      if (canceled && world.runsOn === 'host1')
        return { ...moved, outcome: 'stayed', reason: 'web1 runs on host1', canceled };
      world.runsOn = 'host2';
      return moved;
    },
  }),
});
