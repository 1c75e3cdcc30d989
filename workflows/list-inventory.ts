/** What runs where, asked anew: the answer to `drover get hosts` and `drover get vms`. */
import { proxyActivities } from '@temporalio/workflow';
import type { Activities, HostActivities } from '../activities/activities.ts';
import type { Inventory } from '../model/inventory.ts';
import { datacenterTaskQueue, taskQueue } from '../model/operations.ts';

const site = proxyActivities<Activities>({
  taskQueue,
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '1m',
});

export async function listInventory(): Promise<Inventory> {
  const { datacenters } = await site.readSite();
  const lists = await Promise.all(
    datacenters.map((datacenter) => {
      const { listHosts } = proxyActivities<HostActivities>({
        taskQueue: datacenterTaskQueue(datacenter),
        startToCloseTimeout: '60s',
        scheduleToCloseTimeout: '2m',
        summary: `every host of ${datacenter}`,
      });
      return listHosts({ datacenter });
    }),
  );
  return { hosts: lists.flat() };
}
