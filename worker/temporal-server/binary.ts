/** Finds the Temporal CLI, whose dev server Drover embeds, and gets it where it is missing. */
import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { execa } from 'execa';
import { buildWithGo } from './build.ts';
import { temporalCliVersion } from './cli-version.ts';
import { downloadCli } from './download.ts';

/** Takes one line for people: which way is tried, how far it is, what was taken. */
export type Report = (line: string) => void;

/** A `temporal` that runs. */
export interface TemporalBinary {
  /** Absolute path. */
  readonly path: string;
  readonly from: 'TEMPORAL_CLI_PATH' | 'PATH' | 'cache' | 'download' | 'go build';
  /** What it says of itself, such as `temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)`. */
  readonly version: string;
}

/** No `temporal` could be had; the message lists what was tried and what the reader can do. */
export class NoTemporalBinaryError extends Error {
  override readonly name = 'NoTemporalBinaryError';
}

/** One way to put a `temporal` at a path. @throws Error that says why it failed */
export type Getter = (target: string, options: { report: Report; env: NodeJS.ProcessEnv }) => Promise<void>;

const getters: readonly { readonly from: 'download' | 'go build'; readonly get: Getter }[] = [
  { from: 'download', get: (target, { report }) => downloadCli(target, { report }) },
  { from: 'go build', get: buildWithGo },
];

/**
 * The first `temporal` of: `TEMPORAL_CLI_PATH`, the PATH, the user's cache folder, Temporal's download, a Go build
 * (2-3 minutes, then cached). Says which one was taken. Called by whatever needs an embedded server, before it starts
 * anything, so that a build happens once and with its progress shown.
 * @throws NoTemporalBinaryError when none could be had, or when TEMPORAL_CLI_PATH names one that doesn't run
 */
export async function findTemporalBinary({
  report,
  env = process.env,
  ways = getters,
}: {
  report: Report;
  env?: NodeJS.ProcessEnv;
  ways?: typeof getters;
}): Promise<TemporalBinary> {
  const taken = (binary: TemporalBinary): TemporalBinary => {
    report(`Temporal CLI: ${binary.path} (${binary.from}), ${binary.version}`);
    return binary;
  };
  const named = env['TEMPORAL_CLI_PATH'];
  if (named) {
    const binary = await tried(resolve(named), 'TEMPORAL_CLI_PATH');
    if (typeof binary === 'string')
      throw new NoTemporalBinaryError(`TEMPORAL_CLI_PATH names ${named}, which doesn't run: ${binary}`);
    return taken(binary);
  }

  const failures: string[] = [];
  const cached = cachedBinary(env);
  for (const [path, from] of [
    [onPath(env), 'PATH'],
    [isExecutable(cached) ? cached : undefined, 'cache'],
  ] as const) {
    if (!path) continue;
    const binary = await tried(path, from);
    if (typeof binary !== 'string') return taken(binary);
    failures.push(`${from}: ${path} doesn't run: ${binary}`);
    report(`${path} doesn't run (${binary}); trying the next way`);
  }

  mkdirSync(dirname(cached), { recursive: true });
  for (const { from, get } of ways) {
    try {
      await get(cached, { report, env });
    } catch (error) {
      failures.push(`${from}: ${(error as Error).message.split('\n')[0]}`);
      continue;
    }
    const binary = await tried(cached, from);
    if (typeof binary !== 'string') return taken(binary);
    failures.push(`${from}: ${cached} doesn't run: ${binary}`);
  }
  throw new NoTemporalBinaryError(
    [
      'No Temporal CLI was found on the PATH, and none could be had:',
      ...failures.map((failure) => `  ${failure}`),
      '  try: install it (https://docs.temporal.io/cli) and start again,',
      '       name one by TEMPORAL_CLI_PATH,',
      '       or set TEMPORAL_ADDRESS to a Temporal server that runs already',
    ].join('\n'),
  );
}

/** Where a downloaded or built CLI is kept: a folder for each version, outside of the project. */
export function cachedBinary(env: NodeJS.ProcessEnv): string {
  const cache = env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache');
  return join(cache, 'drover', `temporal-${temporalCliVersion}`, 'temporal');
}

function onPath(env: NodeJS.ProcessEnv): string | undefined {
  return (env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => resolve(folder, 'temporal'))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The binary if it answers, else why not: a file of another architecture or half a copy is found here. */
async function tried(path: string, from: TemporalBinary['from']): Promise<TemporalBinary | string> {
  const { failed, stdout, shortMessage } = await execa(path, ['--version'], {
    reject: false,
    timeout: 30_000,
  });
  if (failed) return shortMessage ?? 'it failed';
  return { path, from, version: stdout.trim() };
}
