/**
 * Long-lived processes of the lab: they outlive the program that starts them, and are known by pid and start
 * time, so that a pid that was given to somebody else since is never killed.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from './errors.ts';
import type { LabPaths } from './names.ts';
import { waitFor, type Look } from './wait.ts';

const launcher = join(import.meta.dirname, 'launch.sh');

export interface LaunchedProcess {
  /** What it is in the lab, such as `prometheus` or `libvirtd-host1`: the name of its record and its log. */
  readonly role: string;
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * Starts a process that goes on when this one ends, and returns when it has recorded itself. Its output goes to
 * `logs/<role>.log` of the lab's folder.
 */
export async function launch(paths: LabPaths, { role, command, args }: LaunchedProcess): Promise<void> {
  mkdirSync(paths.processes, { recursive: true });
  mkdirSync(paths.logs, { recursive: true });
  rmSync(recordOf(paths, role), { force: true });
  const log = openSync(logOf(paths, role), 'a');
  const child = spawn('/bin/sh', [launcher, recordOf(paths, role), command, ...args], {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: '/',
    // Not this process's own environment: the lab must be the same whoever starts it.
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root' },
  });
  // A command that can't be run shows in the log and as a record whose process is gone.
  child.on('error', () => {});
  child.unref();
  closeSync(log);
  await waitFor(`the record of ${role}`, 10, () =>
    readRecord(recordOf(paths, role)) ? { value: true } : { seen: 'none' },
  );
}

/** Waits until a launched process does its work. Fails at once, with the end of its log, if it ended instead. */
export async function waitForProcess<T>(
  paths: LabPaths,
  role: string,
  limitSeconds: number,
  look: () => Promise<Look<T>> | Look<T>,
): Promise<T> {
  return waitFor(role, limitSeconds, async () => {
    const record = readRecord(recordOf(paths, role));
    if (record && !isRunning(record)) throw new LabError(`${role} ended: ${endOfLog(paths, role)}`);
    return look();
  });
}

/** The pid of a recorded process that still runs. */
export function runningPid(paths: LabPaths, role: string): number | undefined {
  const record = readRecord(recordOf(paths, role));
  return record && isRunning(record) ? record.pid : undefined;
}

/** Roles of all recorded processes, whether they run or not. */
export function recordedRoles(paths: LabPaths): string[] {
  return readFolder(paths.processes).toSorted();
}

/** Ends a recorded process with SIGKILL, and waits until it is gone; nothing if it isn't running. */
export async function end(paths: LabPaths, role: string): Promise<void> {
  const file = recordOf(paths, role);
  const record = readRecord(file);
  if (record && isRunning(record)) {
    kill(record.pid);
    await waitFor(`the end of ${role} (pid ${record.pid})`, 10, () =>
      isRunning(record) ? { seen: 'it still runs' } : { value: true },
    );
  }
  rmSync(file, { force: true });
}

/** Ends, with SIGKILL, every process in a network namespace or of a list, again and again until none is left. */
export async function endAll(what: string, find: () => readonly number[]): Promise<void> {
  await waitFor(`the end of every process of ${what}`, 10, () => {
    const found = find();
    for (const pid of found) kill(pid);
    return found.length === 0 ? { value: true } : { seen: `still running: ${found.join(', ')}` };
  });
}

/** Every process whose network namespace has this inode number. */
export function processesInNetwork(inode: number): number[] {
  return allPids().filter((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/ns/net`) === `net:[${inode}]`;
    } catch {
      return false; // it ended in the meantime
    }
  });
}

export const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

/** When a process started, in clock ticks since boot (field 22 of proc(5) stat); undefined for none or a zombie. */
export function startTimeOf(pid: number): string | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.startTime;
  } catch {
    return undefined;
  }
}

interface ProcessRecord {
  readonly boot: string;
  readonly pid: number;
  readonly startTime: string;
}

const recordOf = (paths: LabPaths, role: string) => join(paths.processes, role);
const logOf = (paths: LabPaths, role: string) => join(paths.logs, `${role}.log`);

function readRecord(file: string): ProcessRecord | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  const [boot = '', line = ''] = text.split('\n');
  const stat = parseStat(line);
  return stat && { boot, ...stat };
}

/** Field 2, the command's name, is in parentheses and may hold anything, so the fields are counted from its end. */
function parseStat(line: string): { pid: number; startTime: string } | undefined {
  const [state, ...rest] = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const startTime = rest[18];
  const pid = Number.parseInt(line, 10);
  return startTime === undefined || state === 'Z' || state === 'X' ? undefined : { pid, startTime };
}

function isRunning(record: ProcessRecord): boolean {
  return record.boot === bootId() && startTimeOf(record.pid) === record.startTime;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function endOfLog(paths: LabPaths, role: string): string {
  try {
    const lines = readFileSync(logOf(paths, role), 'utf8').trimEnd().split('\n');
    return `${lines.slice(-3).join(' | ')} (${logOf(paths, role)})`;
  } catch {
    return 'it left no log';
  }
}

function readFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
