/** Keeps one process running: starts it, starts it again when it dies, and ends it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { RunFolder } from './leftovers.ts';
import type { ProcessLog } from './output.ts';

/** What to run. */
export interface ProcessToRun {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

/** How long to wait before a process that died is started again: doubled from the first to the longest. */
export interface Pauses {
  readonly firstMs: number;
  readonly longestMs: number;
  /** A process that ran so long has not failed at its start: the pauses begin anew. */
  readonly resetAfterMs: number;
}
/**
 * A worker is ready within some 5 s; while none runs, a VM that has just been moved may stand still. So it is the ones
 * that die while they start that wait: within 10 s, as systemd counts (StartLimitIntervalSec).
 */
const defaultPauses: Pauses = { firstMs: 500, longestMs: 30_000, resetAfterMs: 10_000 };

/** From this many failures in a row on, it is said with the last lines of the process. */
const failingOften = 3;

/** A process that is kept running. */
export interface Supervised {
  readonly name: string;
  /** Absent while it waits to be started again. */
  readonly pid: () => number | undefined;
  /**
   * Ends it and starts it no more: SIGTERM, then SIGKILL to its group after `graceMs` or when `hurry` says so.
   * Returns when it is gone.
   */
  readonly stop: (options: { graceMs: number; hurry?: AbortSignal }) => Promise<void>;
}

/** The pause before the next start, after so many failures in a row (1, 2, ...). */
export function pauseMs(failures: number, { firstMs, longestMs }: Pauses = defaultPauses): number {
  return Math.min(firstMs * 2 ** (failures - 1), longestMs);
}

/**
 * Starts the process and keeps it running, in a process group of its own, so that Ctrl-C on the terminal reaches the
 * supervisor alone and it decides on the order of the end.
 */
export function supervise(
  toRun: ProcessToRun,
  {
    run,
    log,
    report,
    pauses = defaultPauses,
  }: { run: RunFolder; log: ProcessLog; report: (line: string) => void; pauses?: Pauses },
): Supervised {
  const { name, command, args } = toRun;
  let child: ChildProcess | undefined;
  let again: NodeJS.Timeout | undefined;
  let stopping = false;
  let failures = 0;

  const start = (): void => {
    const startedAt = performance.now();
    const started = spawn(command, args, { stdio: ['ignore', log.fd, log.fd], detached: true });
    child = started;
    if (started.pid !== undefined) run.remember(name, started.pid);
    // 'error' without 'exit' means that it could not be started at all.
    started.once('error', (error) => {
      if (started.pid === undefined) ended(`could not be started (${error.message})`, startedAt);
    });
    started.once('exit', (code, signal) =>
      ended(signal ? `was ended by ${signal}` : `ended with exit code ${code}`, startedAt),
    );
  };

  const ended = (how: string, startedAt: number): void => {
    child = undefined;
    run.forget(name);
    log.catchUp();
    if (stopping) return;
    const ranMs = performance.now() - startedAt;
    failures = ranMs >= pauses.resetAfterMs ? 1 : failures + 1;
    const pause = pauseMs(failures, pauses);
    report(`${name} ${how} after ${seconds(ranMs)} s and is started again in ${seconds(pause)} s`);
    if (failures >= failingOften) {
      report(`${name} has failed ${failures} times in a row (${log.file}); it last said:`);
      for (const line of log.lastLines()) report(`  ${line}`);
    }
    again = setTimeout(start, pause);
  };

  start();
  return {
    name,
    pid: () => child?.pid,
    stop: async ({ graceMs, hurry }) => {
      stopping = true;
      clearTimeout(again);
      const running = child;
      if (running?.pid === undefined) return;
      const exited = once(running, 'exit');
      signalGroup(running, 'SIGTERM');
      const kill = (): void => {
        report(`${name} did not end by itself and is killed`);
        signalGroup(running, 'SIGKILL');
      };
      const timer = setTimeout(kill, graceMs);
      if (hurry?.aborted) kill();
      else hurry?.addEventListener('abort', kill, { once: true });
      await exited;
      clearTimeout(timer);
      hurry?.removeEventListener('abort', kill);
    },
  };
}

/** The child is not reaped before its 'exit' event, so until then its number is nobody else's. */
function signalGroup({ pid, exitCode, signalCode }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(ms < 10_000 ? 1 : 0);
}
