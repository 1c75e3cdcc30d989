/** What `drover get operations` lists, by a Temporal that keeps the list. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Drover } from '../../client/drover.ts';
import { prepareTestNamespace, startTestServer, type TestServer } from '../support/temporal.ts';

let server: TestServer;
let drover: Drover;
beforeAll(async () => {
  server = await startTestServer();
  await prepareTestNamespace(server.address);
  const port = Number(server.address.split(':')[1]);
  drover = await Drover.connect({ temporal: { embedded: { port, uiPort: port }, retentionDays: 1 } });
});
afterAll(async () => {
  await drover?.[Symbol.asyncDispose]();
  await server?.kill();
});

test('operations come newest first by their start, and dry runs on demand', async () => {
  const first = await drover.start('migrateVm', { vm: 'web1' });
  const look = await drover.start('migrateVm', { vm: 'web1', dryRun: true });
  const last = await drover.start('migrateVm', { vm: 'web2' });
  // One that has ended is listed after those that run, by Temporal.
  await last.cancel();
  const ids = async (dryRuns?: boolean): Promise<string[]> =>
    (await drover.operations(dryRuns === undefined ? {} : { dryRuns })).map(({ workflowId }) => workflowId);
  await vi.waitFor(
    async () => expect(await ids(true)).toEqual([last.workflowId, look.workflowId, first.workflowId]),
    { timeout: 20_000, interval: 200 },
  );
  expect(await ids()).toEqual([last.workflowId, first.workflowId]);
});
