/** Takes a lab down. Works from what was noted when things were made, so it needs no settings and no order. */
import { existsSync, rmdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { removeAllNamespaces, processesInNamespace } from './ip.ts';
import { withLock } from './lock.ts';
import { listMade } from './made.ts';
import type { LabPaths } from './names.ts';
import { removeManagementLinks } from './network.ts';
import { end, endAll, recordedRoles } from './processes.ts';
import { step, type Report } from './report.ts';
import { processesInCpuGroup, removeCpuGroup } from './strength.ts';

/** Removes everything that the lab made but the image cache; nothing if there is no lab. */
export async function takeDown(paths: LabPaths, report: Report): Promise<void> {
  if (!existsSync(paths.folder)) return;
  await withLock(paths.lock, 0, async () => {
    await removeParts(paths, report);
    rmSync(paths.folder, { recursive: true, force: true });
    removeIfEmpty(dirname(paths.folder));
  });
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // another lab's folder is in it
  }
}

/** Ends all processes and removes namespaces, links and cgroups; the folder stays. */
export async function removeParts(paths: LabPaths, report: Report): Promise<void> {
  await step(report, 'processes', async () => {
    // The BMCs first: they could boot a host again.
    const roles = recordedRoles(paths);
    for (const role of roles.filter((name) => name.startsWith('bmc-'))) await end(paths, role);
    await Promise.all(roles.map((role) => end(paths, role)));
    const namespaces = listMade(paths, 'namespace');
    const cgroups = listMade(paths, 'cgroup');
    await endAll('the lab', () => [
      ...new Set([
        ...namespaces.flatMap((name) => processesInNamespace(paths, name)),
        ...cgroups.flatMap((name) => processesInCpuGroup(paths, name)),
      ]),
    ]);
  });
  await step(report, 'network', async () => {
    await removeManagementLinks({ paths });
    await removeAllNamespaces(paths);
    for (const name of listMade(paths, 'cgroup')) await removeCpuGroup(paths, name);
  });
}
