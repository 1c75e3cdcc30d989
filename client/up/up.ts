/** `drover up`: runs the parts of Drover that the settings ask for, until it is told to end. */
import { accessSync, constants, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import pc from 'picocolors';
import { readSettings } from '../../settings/read.ts';
import { stateFolder } from '../../settings/state-folder.ts';
import { temporalTarget } from '../../settings/temporal.ts';
import { openRunFolder } from './leftovers.ts';
import { lockStateFolder } from './lock.ts';
import { openProcessLog, type ProcessLog } from './output.ts';
import { partsOf, temporalPart, type Part } from './processes.ts';
import { isTaken, untilAnswers } from './readiness.ts';
import { terminalLine } from './terminal-line.ts';
import { supervise, type Pauses, type Supervised } from './supervisor.ts';

/** A process that was asked to end gets this long before it is killed. */
const graceMs = 15_000;
/** The very first start may have to build the Temporal CLI, for some minutes. */
const temporalWithinMs = 15 * 60_000;
const readyWithinMs = 60_000;

/** A server that is not this Drover's listens where its own Temporal is to: it may be that of another herd. */
export class AddressTakenError extends Error {
  override readonly name = 'AddressTakenError';

  constructor(address: string) {
    super(
      `another program listens at ${address}, where this Drover's Temporal is to: give this one another port ` +
        `(temporal.embedded.port), or, if that is the Temporal to work with, set TEMPORAL_ADDRESS to it`,
    );
  }
}

/** How to run it. */
export interface UpOptions {
  readonly settingsFile: string;
  /** The output of the parts goes to their log files alone. Default: it is printed too, with the part's name. */
  readonly quiet?: boolean;
  /** It ends with the program that started it; whoever finds the state folder locked is told so. */
  readonly isAttended?: boolean;
  /** Default: a line on standard output. */
  readonly write?: (line: string) => void;
  /** Default: the parts of Drover. */
  readonly parts?: typeof partsOf;
  readonly pauses?: Pauses;
}

/**
 * Runs until SIGINT, SIGTERM or SIGHUP, then ends the worker and the alert receiver, and Temporal after them; a
 * second signal kills at once. What an earlier start left behind by a crash is ended first.
 * @returns the exit code: 0 after a signal, 1 when the embedded Temporal never answered
 * @throws SettingsError, TemporalConfigError, AlreadyUpError, AddressTakenError before anything is started
 */
export async function runUp({
  settingsFile,
  quiet = false,
  isAttended = false,
  write = (line) => void process.stdout.write(`${line}\n`),
  parts: partsFor = partsOf,
  pauses,
}: UpOptions): Promise<number> {
  const settings = readSettings(settingsFile, { needsSecrets: true });
  const target = temporalTarget(settings);
  const folder = stateFolder(settings);
  makeStateFolder(folder);
  const lock = await lockStateFolder(folder, { isAttended });
  const signals = listenForSignals();
  // A closed terminal or a `| head` must not end the parts.
  process.stdout.on('error', () => {});

  const parts = partsFor(settings, resolve(settingsFile), target);
  const width = Math.max(...parts.map(({ name }) => name.length), 'up'.length);
  const say = (name: string, line: string): void => write(`${pc.dim(`${name.padEnd(width)} |`)} ${line}`);
  const report = (line: string): void => say('up', line);

  const run = openRunFolder(join(folder, 'run'));
  const running: Supervised[] = [];
  const logs: ProcessLog[] = [];
  const start = (part: Part): void => {
    const log = openProcessLog(join(folder, 'log'), part.name, (line) => {
      // While it ends, Temporal's server reports each of its own parts as lost.
      if (quiet || (part.name === temporalPart && signals.end.aborted)) return;
      const shown = process.stdout.isTTY ? terminalLine(line) : line;
      if (shown !== undefined) say(part.name, shown);
    });
    logs.push(log);
    running.push(supervise(part, { run, log, report, ...(pauses ? { pauses } : {}) }));
  };

  let exitCode = 0;
  try {
    await run.endLeftovers({ report, graceMs });
    if (target.kind === 'embedded' && (await isTaken(target.address)))
      throw new AddressTakenError(target.address);
    report(target.because);
    for (const part of parts) {
      if (signals.end.aborted) break;
      start(part);
      if (part.name !== temporalPart) continue;
      const answered = await untilAnswers(part.answers, {
        limitMs: temporalWithinMs,
        signal: signals.end,
        stillWaiting: (seconds) => report(`waiting for Temporal at ${target.address} (${seconds} s)`),
      });
      if (!answered && !signals.end.aborted) {
        report(
          `error: Temporal does not answer at ${target.address}; ${join(folder, 'log', 'temporal.log')} says why`,
        );
        exitCode = 1;
        signals.endNow();
      }
    }
    await announce(parts, signals.end, report);
    if (!signals.end.aborted) report(`up; logs are in ${join(folder, 'log')}, Ctrl-C or SIGTERM ends it`);
    await signals.ended;
  } finally {
    report('ending');
    const ofTemporal = ({ name }: Supervised): boolean => name === temporalPart;
    const stop = (one: Supervised): Promise<void> => one.stop({ graceMs, hurry: signals.hurry });
    await Promise.all(running.filter((one) => !ofTemporal(one)).map(stop));
    await Promise.all(running.filter(ofTemporal).map(stop));
    for (const log of logs) log.close();
    signals.close();
    await lock.release();
  }
  report('ended');
  return exitCode;
}

function makeStateFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new Error(
      `the state folder ${folder} can't be written (${(error as NodeJS.ErrnoException).code}): make it this user's, or set stateDir in the settings`,
      { cause: error },
    );
  }
}

/** Says of each part when it answers and where, or that it does not; one that fails keeps no other waiting. */
async function announce(
  parts: readonly Part[],
  signal: AbortSignal,
  report: (line: string) => void,
): Promise<void> {
  await Promise.all(
    parts.map(async ({ name, answers, addresses }) => {
      const where = addresses.map(([label, address]) => `${label} ${address}`).join(', ');
      if (await untilAnswers(answers, { limitMs: readyWithinMs, signal }))
        report(`${name} answers: ${where}`);
      else if (!signal.aborted)
        report(`warning: ${name} does not answer after ${readyWithinMs / 1000} s: ${where}`);
    }),
  );
}

interface Signals {
  /** Aborted by the first signal: end in order. */
  readonly end: AbortSignal;
  readonly ended: Promise<void>;
  /** Aborted by the second: kill. */
  readonly hurry: AbortSignal;
  readonly endNow: () => void;
  readonly close: () => void;
}

function listenForSignals(): Signals {
  const end = new AbortController();
  const hurry = new AbortController();
  const onSignal = (): void => (end.signal.aborted ? hurry : end).abort();
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, onSignal);
  return {
    end: end.signal,
    ended: new Promise((resolve) => end.signal.addEventListener('abort', () => resolve(), { once: true })),
    hurry: hurry.signal,
    endNow: () => end.abort(),
    close: () => {
      for (const name of names) process.off(name, onSignal);
    },
  };
}
