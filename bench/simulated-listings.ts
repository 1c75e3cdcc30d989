/** What it takes to list a whole herd, with the CPU use of every VM: by the library, and by the command line. */
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { Drover } from '../client/drover.ts';
import type { Size } from './simulated-herd.ts';
import { spreadOf, type Spread } from './spread.ts';

export interface Listings {
  /** One after another: CPU use is known from the listing before. */
  readonly list: Spread;
  /** After a rest: CPU use has to be measured anew, by two looks a second apart. */
  readonly stats: Spread;
}

/** CPU use is the mean between two looks, of which the earlier is at most this old (`activities/hosts/cpu-meter.ts`). */
const loadIsForgottenMs = 10_500;
/** A look that follows sooner tells no CPU use (the same place). */
const loadIsKnownMs = 1000;

/** @throws Error where a listing is not whole: a host silent, a VM missing, its CPU use unknown */
export async function listings(drover: Drover, size: Size, runs: number): Promise<Listings> {
  const [list, stats]: [number[], number[]] = [[], []];
  for (let run = 0; run < Math.min(runs, 3); run++) {
    await pause(loadIsForgottenMs);
    stats.push(await listingMs(drover, size));
  }
  for (let run = 0; run < runs; run++) {
    await pause(loadIsKnownMs);
    list.push(await listingMs(drover, size));
  }
  return { list: spreadOf(list), stats: spreadOf(stats) };
}

const cli = fileURLToPath(new URL('../client/cli/drover.ts', import.meta.url));

/** `drover get hosts` and `drover get vms`, as a person runs them: the time of each. @throws Error where rows are missing */
export async function commandMs(settingsFile: string, size: Size): Promise<{ hosts: number; vms: number }> {
  const listed = async (kind: 'hosts' | 'vms'): Promise<number> => {
    const startedAt = performance.now();
    const { stdout } = await execa(process.execPath, [cli, '--settings', settingsFile, 'get', kind]);
    const tookMs = performance.now() - startedAt;
    const rows = stdout.split('\n').filter((line) => line.includes(kind === 'hosts' ? 'active' : 'running'));
    if (rows.length !== size[kind])
      throw new Error(`drover get ${kind}: ${rows.length} of ${size[kind]} rows`);
    return Math.round(tookMs);
  };
  return { hosts: await listed('hosts'), vms: await listed('vms') };
}

async function listingMs(drover: Drover, size: Size): Promise<number> {
  const startedAt = performance.now();
  const { hosts } = await drover.inventory();
  const tookMs = performance.now() - startedAt;
  const vms = hosts.flatMap(({ answer }) => (answer.reachable ? answer.facts.vms : []));
  const silent = hosts.filter(({ answer }) => !answer.reachable).length;
  const unmeasured = vms.filter(({ cpuBusyCores }) => cpuBusyCores === undefined).length;
  if (hosts.length !== size.hosts || vms.length !== size.vms || silent > 0 || unmeasured > 0)
    throw new Error(
      `${hosts.length} of ${size.hosts} hosts listed, ${silent} of them silent; ${vms.length} of ${size.vms} VMs, ${unmeasured} without their CPU use`,
    );
  return tookMs;
}
