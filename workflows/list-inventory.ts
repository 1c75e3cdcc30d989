/**
 * What runs where, asked anew: the answer to `drover get hosts` and `drover get vms`. One run lists what one payload
 * holds; whoever asks starts it again with what is left.
 */
import { ApplicationFailure, proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { Activities, HostActivities } from '../activities/activities.ts';
import { permanent } from '../model/failures.ts';
import type { InventoryPages, InventoryPart } from '../model/inventory.ts';
import { datacenterTaskQueue, taskQueue } from '../model/operations.ts';

/** Half of what Temporal lets into a payload. */
const mostBytes = 1024 ** 2;

const site = proxyActivities<Activities>({
  taskQueue,
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '1m',
  summary: 'read which datacenters there are',
});

/** @param wanted what an earlier run left; default: every datacenter from its first host on */
export async function listInventory(wanted?: readonly InventoryPart[]): Promise<InventoryPages> {
  checkWanted(wanted);
  setCurrentDetails(
    'Asks every host what runs there: the answer to `drover get hosts` and `drover get vms`, in its result. It ' +
      'changes nothing, and nobody has to start it by hand.',
  );
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

/** Without a schema, since it would be built anew for every listing. @throws ApplicationFailure `InvalidInput` */
function checkWanted(wanted: unknown): void {
  if (wanted === undefined || wanted === null) return;
  const isPart = (part: unknown): boolean =>
    typeof part === 'object' && part !== null && 'datacenter' in part && typeof part.datacenter === 'string';
  if (Array.isArray(wanted) && wanted.length > 0 && wanted.every(isPart)) return;
  throw ApplicationFailure.create(
    permanent(
      'InvalidInput',
      'The input of listInventory is not valid: it is what an earlier run left, [{"datacenter": "NAME", "after": "HOST"}], or nothing. drover get hosts lists what runs where.',
    ),
  );
}
