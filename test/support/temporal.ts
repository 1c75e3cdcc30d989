/**
 * Embedded Temporal servers for tests and benchmarks. As vitest's `globalSetup` this file starts one server for the
 * whole run and provides its address: `inject('temporalAddress')`.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import type { TestProject } from 'vitest/node';
import { openRunFolder } from '../../client/up/leftovers.ts';
import { temporalAnswers, untilAnswers } from '../../client/up/readiness.ts';
import { prepareNamespace } from '../../worker/namespace.ts';
import { devServerArguments, type DevServer } from '../../worker/temporal-server/arguments.ts';
import { findTemporalBinary } from '../../worker/temporal-server/binary.ts';
import { freePort } from './free-port.ts';
import { openOwnFolder } from './own-folder.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** `host:port` of the server of this test run; its namespace is `default`, ready for Drover. */
    temporalAddress: string;
  }
}

/** What a server of tests may be given; the rest is its own: a free port, a temporary database, no web page. */
export type TestServerOptions = Partial<
  Pick<DevServer, 'databaseFile' | 'configuration' | 'pragmas' | 'port'>
>;

/** A server that belongs to this process. */
export interface TestServer {
  readonly address: string;
  readonly databaseFile: string;
  readonly pid: number;
  /** Ends it as an operator would. */
  readonly stop: () => Promise<void>;
  /** Ends it as a power cut would. */
  readonly kill: () => Promise<void>;
}

const namespace = 'default';
const answersWithinMs = 60_000;
/** Between the look for a free port and the server's own bind somebody else may take it. */
const attempts = 3;

/** vitest's globalSetup: one server from before the first test until after the last. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startTestServer();
  await prepareTestNamespace(server.address);
  project.provide('temporalAddress', server.address);
  return server.stop;
}

/** Starts a server and returns when it answers. Whatever a crashed test process left running is ended first. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const folder = await openOwnFolder('temporal');
  const said: string[] = [];
  const report = (line: string): void => {
    said.push(line);
    // A build takes minutes: whoever waits for it wants to see it.
    if (line.includes('building') || line.includes('built')) console.error(line);
  };
  const { path } = await findTemporalBinary({ report });
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    const databaseFile = options.databaseFile ?? join(folder, `temporal-${port}.db`);
    const args = devServerArguments({ ...options, databaseFile, port, namespace });
    const logFile = join(folder, `temporal-${port}.log`);
    const log = openSync(logFile, 'a');
    const child = spawn(path, args, { stdio: ['ignore', log, log] });
    closeSync(log);
    const name = `temporal-${port}`;
    const run = openRunFolder(folder);
    if (child.pid !== undefined) run.remember(name, child.pid);
    const ended = new AbortController();
    const exited = once(child, 'exit');
    child.once('exit', () => {
      ended.abort();
      run.forget(name);
    });
    const address = `127.0.0.1:${port}`;
    const target = { kind: 'embedded', address, namespace, connectConfig: { address }, because: '' } as const;
    const answered = await untilAnswers(() => temporalAnswers(target), {
      limitMs: answersWithinMs,
      signal: ended.signal,
    });
    const end = async (signal: NodeJS.Signals): Promise<void> => {
      child.kill(signal);
      await exited;
    };
    if (answered && child.pid !== undefined) {
      return {
        address,
        databaseFile,
        pid: child.pid,
        stop: () => end('SIGTERM'),
        kill: () => end('SIGKILL'),
      };
    }
    await endUnready(child, exited);
    if (attempt === attempts) {
      throw new Error(
        `no Temporal server came up within ${answersWithinMs / 1000} s; it said:\n${readFileSync(logFile, 'utf8')}\n${said.join('\n')}`,
      );
    }
  }
}

/** Registers Drover's search attributes, as every worker does when it starts. */
export async function prepareTestNamespace(address: string): Promise<void> {
  const connection = await Connection.connect({ address });
  try {
    await prepareNamespace(connection, { namespace, retentionDays: 1, report: () => {} });
  } finally {
    await connection.close();
  }
}

async function endUnready(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  child.kill('SIGKILL');
  await exited;
}
