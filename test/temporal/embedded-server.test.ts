import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { Client, Connection, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ProcessIdentity } from '../../client/up/process-identity.ts';
import { startTestServer } from '../support/temporal.ts';
import { freePorts, UpFolder } from './up-process.ts';

const taskQueue = 'nobody-listens';

/** Starts a workflow that no worker takes up, and says what the server knows of it afterwards. */
async function startWaiting(address: string, workflowId: string): Promise<void> {
  await withClient(address, (client) => client.workflow.start('waits', { taskQueue, workflowId }));
}
async function statusOf(address: string, workflowId: string): Promise<string> {
  return withClient(
    address,
    async (client) => (await client.workflow.getHandle(workflowId).describe()).status.name,
  );
}
async function withClient<T>(address: string, use: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await use(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

test('the embedded server keeps what it acknowledged through kill -9 and a new start on the same file', async () => {
  const first = await startTestServer();
  await startWaiting(first.address, 'kept');
  await first.kill();

  const second = await startTestServer({ databaseFile: first.databaseFile });
  expect(await statusOf(second.address, 'kept')).toBe('RUNNING');
  await expect(startWaiting(second.address, 'kept')).rejects.toThrow(WorkflowExecutionAlreadyStartedError);
  await second.stop();
});

describe('under drover up', () => {
  let folder: UpFolder;
  let address: string;
  let uiUrl: string;
  beforeEach(async () => {
    const ports = await freePorts();
    folder = new UpFolder(ports);
    address = `127.0.0.1:${ports.port}`;
    uiUrl = `http://127.0.0.1:${ports.uiPort}`;
  });
  afterEach(() => folder.remove());

  test('it answers with its page, is started again when it is killed, and has forgotten nothing', async () => {
    const up = folder.up('temporal:real');
    await up.untilPrinted(/temporal answers: Temporal 127\.0\.0\.1:\d+, Temporal UI http/);
    expect((await fetch(uiUrl)).status).toBe(200);
    await startWaiting(address, 'kept');

    const note = join(folder.stateDir, 'run', 'temporal.json');
    const { pid } = ProcessIdentity.parse(JSON.parse(readFileSync(note, 'utf8')));
    process.kill(pid, 'SIGKILL');
    await up.untilPrinted(/temporal was ended by SIGKILL/);
    await vi.waitFor(async () => expect(await statusOf(address, 'kept')).toBe('RUNNING'), {
      timeout: 30_000,
      interval: 200,
    });
    up.kill('SIGTERM');
    expect(await up.exitCode()).toBe(0);
    // Its own words while it ends are for the log file: they read like failures.
    expect(up.output).not.toContain('Stopping server');
  });

  test('it comes up where a power cut ended its very first start', async () => {
    const database = new DatabaseSync(join(folder.stateDir, 'temporal.db'));
    database.exec('CREATE TABLE namespaces (partition_id INTEGER NOT NULL, id BLOB NOT NULL)');
    database.close();
    const up = folder.up('temporal:real');
    await up.untilPrinted(/temporal answers/);
    expect(up.output).toContain('was never finished and holds nothing');
    await startWaiting(address, 'started');
  });
});

describe('the program of the embedded server', () => {
  const program = fileURLToPath(new URL('../../worker/temporal-server/main.ts', import.meta.url));
  const run = (settingsFile: string, env: NodeJS.ProcessEnv): Promise<{ code: number; said: string }> =>
    new Promise((resolve) => {
      const child = execFile(
        process.execPath,
        [program, '--settings', settingsFile],
        { env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env } },
        (_, stdout, stderr) => resolve({ code: child.exitCode ?? -1, said: stdout + stderr }),
      );
    });

  test('starts none where another is configured', async () => {
    const folder = new UpFolder(await freePorts());
    const { code, said } = await run(folder.settingsFile, { TEMPORAL_ADDRESS: 'temporal.example:7233' });
    expect(said).toContain('Temporal at temporal.example:7233');
    expect(said).toContain('none is started');
    expect(code).toBe(0);
    await folder.remove();
  });

  test('says which setting to change when its port is taken', async () => {
    const server = await startTestServer();
    const port = Number(server.address.split(':')[1]);
    const folder = new UpFolder({ port, uiPort: port + 1 });
    const { code, said } = await run(folder.settingsFile, { XDG_CONFIG_HOME: folder.stateDir });
    expect(said).toMatch(new RegExp(`port ${port} of 127.0.0.1 is in use.*temporal.embedded.port`));
    expect(code).toBe(1);
    await folder.remove();
    await server.stop();
  });
});
