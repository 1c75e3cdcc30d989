/** Whatever a client asks when Temporal has gone away, it is told so, within the time that it gave. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exitCodes } from '../../client/cli/exit-codes.ts';
import { exitCodeOf } from '../../client/cli/exit.ts';
import { Drover } from '../../client/drover.ts';
import { prepareTestNamespace, startTestServer, type TestServer } from '../support/temporal.ts';

let server: TestServer;
let drover: Drover;
beforeAll(async () => {
  server = await startTestServer();
  await prepareTestNamespace(server.address);
  drover = await connect();
});

function connect(): Promise<Drover> {
  const port = Number(server.address.split(':')[1]);
  return Drover.connect(
    { temporal: { embedded: { port, uiPort: port }, retentionDays: 1 } },
    { timeoutMs: 2000 },
  );
}
afterAll(() => drover?.[Symbol.asyncDispose]());

test('listing, looking, canceling and waiting for an end', async () => {
  const operation = await drover.start('migrateVm', { vm: 'web1' });
  const ended = operation.result().catch((error: unknown) => error);
  const closed = await connect();
  const unheard = closed
    .operation(operation.workflowId)
    .result()
    .catch((error: unknown) => error);
  await server.kill();
  // Its calls are tried again by now: vitest fails a run in which something is thrown past every promise.
  await closed.operations().catch(() => undefined);
  await closed[Symbol.asyncDispose]();
  const began = performance.now();
  const answers = await Promise.all(
    [
      drover.operations(),
      operation.look(),
      operation.cancel(),
      drover.holderOf('web1'),
      drover.inventory(),
    ].map((asked) => asked.catch((error: unknown) => error)),
  );
  expect(performance.now() - began).toBeLessThan(10_000);
  for (const error of [...answers, await ended, await unheard]) {
    expect(error).toMatchObject({ name: 'TemporalUnreachable' });
    expect(exitCodeOf(error)).toBe(exitCodes.unreachable);
  }
});
