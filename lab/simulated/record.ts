/** The note of a simulated datacenter that runs: which process it is, and where it is reached. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { bootId, startTimeOf } from '../processes.ts';

const Port = z.int().min(1).max(65_535);
export const Ports = z.object({ port: Port, controlPort: Port, webPort: Port, monitorPort: Port });
export type Ports = z.infer<typeof Ports>;

const SiteRecord = Ports.extend({
  pid: z.int().min(2),
  /** Both absent on systems without /proc: there the number alone must do. */
  startTime: z.string().optional(),
  boot: z.string().optional(),
  rate: z.number(),
  /** It ends with the program that started it. */
  isAttended: z.boolean(),
});
export type SiteRecord = z.infer<typeof SiteRecord>;

/** Every path of one simulated datacenter. */
export class SitePaths {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = resolve(folder);
  }

  get record(): string {
    return join(this.folder, 'simulation.json');
  }
  /** The datacenter as it was made. */
  get spec(): string {
    return join(this.folder, 'datacenter.json');
  }
  get log(): string {
    return join(this.folder, 'simulation.log');
  }
  get droverYaml(): string {
    return join(this.folder, 'drover.yaml');
  }
  get alertToken(): string {
    return join(this.folder, 'alert-token');
  }
  get droverState(): string {
    return join(this.folder, 'drover');
  }
}

/** `/var/lib/drover-simulated` for root, else `~/.local/state/drover-simulated` (or under `XDG_STATE_HOME`). */
export function defaultFolder(env: NodeJS.ProcessEnv = process.env, userId = process.getuid?.()): string {
  return inStateHome('drover-simulated', env, userId);
}

/** Beside it, the folder of `npm start`, which begins anew each time and removes all of it. */
export function defaultStartFolder(
  env: NodeJS.ProcessEnv = process.env,
  userId = process.getuid?.(),
): string {
  return inStateHome('drover-start', env, userId);
}

function inStateHome(name: string, env: NodeJS.ProcessEnv, userId: number | undefined): string {
  if (userId === 0) return join('/var/lib', name);
  return join(env['XDG_STATE_HOME'] || join(env['HOME'] || homedir(), '.local', 'state'), name);
}

export function writeRecord(paths: SitePaths, record: Omit<SiteRecord, 'startTime' | 'boot'>): SiteRecord {
  const startTime = startTimeOf(record.pid);
  const whole = { ...record, ...(startTime === undefined ? {} : { startTime, boot: bootId() }) };
  writeFileSync(`${paths.record}.new`, JSON.stringify(whole));
  renameSync(`${paths.record}.new`, paths.record);
  return whole;
}

export function dropRecord(paths: SitePaths): void {
  rmSync(paths.record, { force: true });
}

/** The record of a process that still runs. */
export function runningSite(paths: SitePaths): SiteRecord | undefined {
  let text: string;
  try {
    text = readFileSync(paths.record, 'utf8');
  } catch {
    return undefined;
  }
  const record = SiteRecord.parse(JSON.parse(text));
  return isRunning(record) ? record : undefined;
}

export function isRunning({ pid, startTime, boot }: SiteRecord): boolean {
  if (startTime !== undefined) return startTimeOf(pid) === startTime && bootId() === boot;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
