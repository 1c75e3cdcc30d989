/**
 * What runs where, asked anew: the answer to `drover get hosts` and `drover get vms`. One run lists what one payload
 * holds; whoever asks starts it again with what is left.
 */
import { proxyActivities } from '@temporalio/workflow';
import type { Activities, HostActivities } from '../activities/activities.ts';
import type { InventoryPages, InventoryPart } from '../model/inventory.ts';
import { datacenterTaskQueue, taskQueue } from '../model/operations.ts';

/** Half of what Temporal lets into a payload. */
const mostBytes = 1024 ** 2;

const site = proxyActivities<Activities>({
  taskQueue,
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '1m',
});

/** @param wanted what an earlier run left; default: every datacenter from its first host on */
export async function listInventory(wanted?: readonly InventoryPart[]): Promise<InventoryPages> {
  const parts = wanted ?? (await site.readSite()).datacenters.map((datacenter) => ({ datacenter }));
  const pages = await Promise.all(
    parts.map((part) => {
      const { listHosts } = proxyActivities<HostActivities>({
        taskQueue: datacenterTaskQueue(part.datacenter),
        startToCloseTimeout: '60s',
        heartbeatTimeout: '5s',
        scheduleToCloseTimeout: '2m',
        summary: `hosts of ${part.datacenter}`,
      });
      return listHosts({ part, mostBytes: Math.floor(mostBytes / parts.length) });
    }),
  );
  return {
    hosts: pages.flatMap(({ hosts }) => hosts),
    more: pages.flatMap(({ more }) => (more ? [more] : [])),
  };
}
