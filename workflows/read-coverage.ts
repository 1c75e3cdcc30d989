/** How many host failures each cluster has room for now: the answer to `drover get clusters`. */
import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { Activities, HostActivities } from '../activities/activities.ts';
import type { RecordActivities } from '../activities/records/record-activities.ts';
import type { Coverage } from '../model/coverage.ts';
import { datacenterTaskQueue, taskQueue } from '../model/operations.ts';

const site = proxyActivities<Activities>({
  taskQueue,
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '1m',
  summary: 'read which datacenters there are',
});
const records = proxyActivities<RecordActivities>({
  taskQueue,
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '1m',
  summary: 'which hosts take no VMs',
});

export async function readCoverage(): Promise<readonly Coverage[]> {
  setCurrentDetails(
    'Places the VMs of the hosts that would hurt most on the others, as if they had failed: the answer to ' +
      '`drover get clusters`, in its result. It changes nothing, and nobody has to start it by hand.',
  );
  const [{ datacenters }, closed] = await Promise.all([site.readSite(), records.closedHosts()]);
  const coverage = await Promise.all(
    datacenters.map((datacenter) => {
      const hosts = proxyActivities<HostActivities>({
        taskQueue: datacenterTaskQueue(datacenter),
        startToCloseTimeout: '60s',
        heartbeatTimeout: '5s',
        scheduleToCloseTimeout: '2m',
        summary: `failures that ${datacenter} has room for`,
      });
      return hosts.readCoverage({ datacenter, closed });
    }),
  );
  return coverage.flat();
}
