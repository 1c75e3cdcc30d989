/** The alert receiver dies at every point of taking an alert: the alert is acted on once, when it comes again. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AlertAnswer } from '../../../model/alerts.ts';
import { ReceiverProcess } from '../../support/receiver-process.ts';
import { prepareTestNamespace, startTestServer, type TestServer } from '../../support/temporal.ts';
import { HeldLine } from './held-line.ts';

let folder: string;
// Its own: what is started here waits for a worker for ever.
let server: TestServer;
let line: HeldLine;
let receiver: ReceiverProcess;
let connection: Connection;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'drover-alerts-'));
  server = await startTestServer();
  const { address } = server;
  await prepareTestNamespace(address);
  connection = await Connection.connect({ address });
  line = await HeldLine.to(Number(address.split(':')[1]));
  receiver = await ReceiverProcess.start(folder, line.port);
});
afterAll(async () => {
  await receiver?.kill();
  await line?.[Symbol.asyncDispose]();
  await connection?.close();
  await server?.stop();
  rmSync(folder, { recursive: true });
});

function webhook(vm: string): string {
  const alert = {
    status: 'firing',
    labels: { alertname: 'DroverVmStarved', vm },
    annotations: {},
    startsAt: '2026-11-23T10:00:00Z',
    fingerprint: 'c0ffee',
  };
  return JSON.stringify({ version: '4', groupKey: '{}', status: 'firing', alerts: [alert] });
}

const idOf = (vm: string): string => `migrate-vm/${vm}/alert-c0ffee-2026-11-23T10:00:00.000Z`;

async function isStarted(vm: string): Promise<boolean> {
  try {
    await new Client({ connection }).workflow.getHandle(idOf(vm)).describe();
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

test('once, wherever it is killed between Temporal’s answers and its own', async () => {
  /** Whether the alert's operation was there when the receiver died, for each packet that it did not live to read. */
  const whenKilled: boolean[] = [];
  for (let packets = 0; ; packets++) {
    const vm = `killed${packets}`;
    const held = line.holdAfter(packets);
    const posted = receiver.post(webhook(vm));
    const isHeld = await Promise.race([held.then(() => true), posted.then(() => false)]);
    if (!isHeld) {
      // Temporal had no more to say than this: it was answered.
      const status = (await posted)?.status;
      if (status !== 202) throw new Error(`it was answered ${status}`);
      break;
    }
    await receiver.kill();
    expect(await posted).toBeUndefined();
    line.pass();
    whenKilled.push(await isStarted(vm));
    await receiver.start();

    // Alertmanager sends it again, and after its repeat interval once more.
    const again: (AlertAnswer['result'] | undefined)[] = [];
    for (let time = 0; time < 2; time++) {
      const answer = await receiver.post(webhook(vm));
      expect(answer?.status).toBe(202);
      const { alerts } = JSON.parse(answer?.text ?? '') as { alerts: AlertAnswer[] };
      expect(alerts[0]?.workflowId).toBe(idOf(vm));
      again.push(alerts[0]?.result);
    }
    expect(again).toEqual([whenKilled.at(-1) ? 'joined' : 'started', 'joined']);
    // So that it connects anew, and the packets of that are met as well.
    await receiver.kill();
    await receiver.start();
  }
  line.pass();
  // Both kinds of death were met: before the start, and after it and before the answer.
  expect(whenKilled).toContain(false);
  expect(whenKilled).toContain(true);

  const vms = whenKilled.map((_, packets) => `killed${packets}`);
  await expect
    .poll(
      async () => {
        const found: string[] = [];
        const query = `WorkflowType = 'migrateVm' AND WorkflowId STARTS_WITH 'migrate-vm/killed'`;
        for await (const { workflowId } of new Client({ connection }).workflow.list({ query }))
          found.push(workflowId);
        return found.toSorted();
      },
      { timeout: 20_000 },
    )
    .toEqual([...vms, `killed${vms.length}`].map(idOf).toSorted());
});
