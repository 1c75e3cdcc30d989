import type { Client } from '@temporalio/client';
import { expect, test } from 'vitest';
import { Operation } from './operation.ts';
import { Reach } from './reach.ts';

const away = Object.assign(new Error('14 UNAVAILABLE: gone'), {
  code: 14,
  details: 'gone',
  metadata: {},
});
const reach = new Reach(
  {
    kind: 'embedded',
    address: '127.0.0.1:1',
    namespace: 'default',
    connectConfig: { address: '' },
    because: '',
  },
  { withDeadline: (_, call) => call() },
  1000,
);

/** A client whose operation runs for so many looks, and whose wait for the end fails at once. */
function clientRunningFor(looks: number): Client {
  let seen = 0;
  const handle = {
    result: () => Promise.reject(away),
    describe: async () => ({ status: { name: seen++ < looks ? 'RUNNING' : 'COMPLETED' }, raw: {} }),
    query: async () => ({ step: 'moving', vm: 'web1' }),
  };
  return { workflow: { getHandle: () => handle } } as unknown as Client;
}

test('an operation is followed at its pace when the wait for its end fails in passing', async () => {
  const operation = new Operation(clientRunningFor(5), reach, 'migrate-vm/web1/1');
  const begun = performance.now();
  let looks = 0;
  for await (const view of operation.follow({ everyMs: 50 })) looks += view.isRunning ? 1 : 0;
  expect(looks).toBe(5);
  expect(performance.now() - begun).toBeGreaterThan(4 * 50 - 10);
});

test('the wait for an end tells a Temporal that is away from an operation that failed', async () => {
  const operation = new Operation(clientRunningFor(1), reach, 'migrate-vm/web1/1');
  await expect(operation.result()).rejects.toMatchObject({ name: 'TemporalUnreachable' });
});
