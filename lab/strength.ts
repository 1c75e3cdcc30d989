/**
 * How strong a host is: a CPU cgroup with a quota that holds every process of the host. Works with cgroup v2
 * (`cpu.max`) and with the v1 cpu controller (`cpu.cfs_quota_us`), whichever has the controller.
 */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { LabError, messageOf } from './errors.ts';
import { forgetMade, isMade, noteMade } from './made.ts';
import type { LabPaths } from './names.ts';
import { waitFor } from './wait.ts';

/**
 * Quotas are dealt out in slices of this length. The kernel's usual 100 ms would stop a host of 0.4 CPUs for 60 ms
 * at a stretch, which shows in every answer and in the downtime of a migration.
 */
const periodMicroseconds = 20_000;

interface CpuController {
  readonly version: 1 | 2;
  readonly root: string;
}

/** Makes the cgroup, or takes the lab's own again, and sets its quota. */
export function makeCpuGroup(paths: LabPaths, name: string, cpus: number): void {
  const controller = findCpuController();
  const folder = join(controller.root, name);
  if (existsSync(folder) && !isMade(paths, 'cgroup', name))
    throw new LabError(`${folder} exists and isn't this lab's: remove it or give the lab another name`);
  noteMade(paths, 'cgroup', name);
  try {
    if (controller.version === 2) allowCpuController(controller.root);
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new LabError(
      `can't make the CPU cgroup ${folder}: ${messageOf(error)}; the lab needs a machine whose cgroups it may write`,
      { cause: error },
    );
  }
  const quota = Math.round(cpus * periodMicroseconds);
  if (controller.version === 2) {
    writeFileSync(join(folder, 'cpu.max'), `${quota} ${periodMicroseconds}`);
  } else {
    writeFileSync(join(folder, 'cpu.cfs_period_us'), String(periodMicroseconds));
    writeFileSync(join(folder, 'cpu.cfs_quota_us'), String(quota));
  }
}

/** The file that takes in a process: write a pid into it. */
export function processesFile(name: string): string {
  return join(findCpuController().root, name, 'cgroup.procs');
}

/** Processes of a cgroup that this lab made. */
export function processesInCpuGroup(paths: LabPaths, name: string): number[] {
  if (!isMade(paths, 'cgroup', name)) return [];
  try {
    return readFileSync(processesFile(name), 'utf8').split('\n').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** Removes a cgroup that this lab made; its processes must have ended. */
export async function removeCpuGroup(paths: LabPaths, name: string): Promise<void> {
  if (!isMade(paths, 'cgroup', name)) return;
  const folder = join(findCpuController().root, name);
  await waitFor(`the removal of ${folder}`, 10, () => {
    if (existsSync(folder)) rmdirSync(folder);
    return { value: true };
  });
  forgetMade(paths, 'cgroup', name);
}

function findCpuController(): CpuController {
  const found = cpuControllerOf(readFileSync('/proc/mounts', 'utf8'), (root) =>
    words(join(root, 'cgroup.controllers')),
  );
  if (found) return found;
  throw new LabError(
    'no CPU cgroup controller is mounted, so no host can be made weaker than another; ' +
      'mount cgroup2 at /sys/fs/cgroup (in a container, run it with a cgroup namespace of its own and write access)',
  );
}

/**
 * Where the cpu controller is, by the text of /proc/mounts. A hybrid machine has a cgroup2 mount as well, without it.
 *
 * @param controllersOf - what a cgroup2 mount has
 */
export function cpuControllerOf(
  mountsText: string,
  controllersOf: (root: string) => readonly string[],
): CpuController | undefined {
  const mounts = mountsText.split('\n').map((line) => line.split(' '));
  const v1 = mounts.find(([, , type, options]) => type === 'cgroup' && options?.split(',').includes('cpu'));
  if (v1?.[1]) return { version: 1, root: v1[1] };
  const v2 = mounts.find(
    ([, folder, type]) => type === 'cgroup2' && folder && controllersOf(folder).includes('cpu'),
  );
  return v2?.[1] ? { version: 2, root: v2[1] } : undefined;
}

/** systemd has usually done this already; on a bare machine it is the one setting outside the lab's own folders. */
function allowCpuController(root: string): void {
  const file = join(root, 'cgroup.subtree_control');
  if (!words(file).includes('cpu')) writeFileSync(file, '+cpu');
}

const words = (file: string): string[] => readFileSync(file, 'utf8').trim().split(/\s+/);
