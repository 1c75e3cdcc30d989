/** A resolved alert is information to the operation that it started: noted where it is looked at, and nothing changes. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAlertMetrics } from '../../client/alerts/metrics.ts';
import { createReceiver } from '../../client/alerts/receiver.ts';
import type { AlertAnswer } from '../../model/alerts.ts';
import { signals } from '../../model/operations.ts';
import { HeldMoves } from './held-moves.ts';
import { startStandInWorker, until, type StandInWorker } from './stand-in-worker.ts';

let worker: StandInWorker;
beforeAll(async () => {
  worker = await startStandInWorker();
});
afterAll(() => worker?.[Symbol.asyncDispose]());

/** Posts one alert of a VM, and gives its answer. */
async function post(vm: string, status: 'firing' | 'resolved'): Promise<AlertAnswer | undefined> {
  const app = createReceiver({
    drover: () => Promise.resolve(worker.drover),
    token: () => 'a-token',
    tokenKey: 'alerts.tokenEnv',
    // Whether it is starved is no matter here.
    routes: [{ alertname: 'DiskSlow', labels: {}, workflow: 'migrateVm', input: { vm: '{vm}' } }],
    metrics: createAlertMetrics({ version: '0', standing: () => worker.drover.standing() }),
    log: (line) => console.error(line),
  });
  const alert = {
    status,
    labels: { alertname: 'DiskSlow', vm },
    annotations: {},
    startsAt: '2026-11-23T10:00:00Z',
    endsAt: status === 'firing' ? '0001-01-01T00:00:00Z' : '2026-11-23T10:05:00Z',
    fingerprint: 'c0ffee',
  };
  // A group that fires may well hold an alert that is resolved.
  const body = JSON.stringify({ version: '4', groupKey: '{}', status: 'firing', alerts: [alert] });
  const response = await app.request('/alerts', {
    method: 'POST',
    body,
    headers: { authorization: 'Bearer a-token' },
  });
  expect(response.status).toBe(202);
  return ((await response.json()) as { alerts: AlertAnswer[] }).alerts[0];
}

async function pageOf(workflowId: string): Promise<string> {
  const metadata = await worker.temporal.workflow
    .getHandle(workflowId)
    .query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  return metadata.currentDetails ?? '';
}

test('while it moves the VM: on its page and in its progress, and the move goes on to its end', async () => {
  const moves = new HeldMoves();
  worker.answerWith({ moveVm: moves.moveVm });
  const started = await post('resolved1', 'firing');
  expect(started?.result).toBe('started');
  await moves.ordered('resolved1');
  const id = started?.workflowId ?? '';
  const operation = worker.drover.operation(id);
  expect(await pageOf(id)).not.toContain('2026-11-23T10:05:00Z');

  expect(await post('resolved1', 'resolved')).toMatchObject({ result: 'joined', workflowId: id });
  const { status } = await until('the word in its progress', async () => {
    const view = await operation.look();
    return view.status && 'alertResolvedAt' in view.status ? view : undefined;
  });
  expect(status).toMatchObject({ step: 'moving', alertResolvedAt: '2026-11-23T10:05:00Z' });
  expect(await pageOf(id)).toContain('2026-11-23T10:05:00Z');

  moves.end('resolved1');
  expect(await operation.result()).toMatchObject({ outcome: 'moved' });
  expect(await post('resolved1', 'resolved')).toMatchObject({
    result: 'ignored',
    workflowId: id,
    reason: 'DiskSlow is resolved, and the operation that it started has ended',
  });
});

test('of an episode that started nothing: nothing is started by it', async () => {
  expect(await post('resolved2', 'resolved')).toEqual({
    fingerprint: 'c0ffee',
    result: 'ignored',
    reason: 'DiskSlow is resolved, and this episode of it started no operation',
  });
  const handle = worker.temporal.workflow.getHandle(
    'migrate-vm/resolved2/alert-c0ffee-2026-11-23T10:00:00.000Z',
  );
  await expect(handle.describe()).rejects.toThrow('not found');
});

test('a word that is none, sent by hand, changes nothing', async () => {
  const moves = new HeldMoves();
  worker.answerWith({ moveVm: moves.moveVm });
  const started = await post('resolved3', 'firing');
  await moves.ordered('resolved3');
  const handle = worker.temporal.workflow.getHandle(started?.workflowId ?? '');
  await handle.signal(signals.alertResolved);
  await handle.signal(signals.alertResolved, { at: 'x'.repeat(100_000) });
  moves.end('resolved3');
  expect(await handle.result()).toMatchObject({ outcome: 'moved' });
});

test('what Temporal counts is the standing that monitoring is told', async () => {
  const moves = new HeldMoves();
  worker.answerWith({ moveVm: moves.moveVm });
  // Temporal counts by what it has indexed, which comes a moment later.
  const earlier = `WorkflowId STARTS_WITH 'migrate-vm/resolved' AND ExecutionStatus = 'Running'`;
  await until('the operations before it counted as ended', async () =>
    (await worker.temporal.workflow.count(earlier)).count === 0 ? true : undefined,
  );
  const before = await worker.drover.standing();
  const operation = await worker.drover.start('migrateVm', { vm: 'counted1' });
  await moves.ordered('counted1');
  await until('one operation and one VM more', async () => {
    const { running, vms } = await worker.drover.standing();
    return running === before.running + 1 && vms === before.vms + 1 ? true : undefined;
  });
  moves.end('counted1');
  await operation.result();
  await until('one operation less', async () =>
    (await worker.drover.standing()).running === before.running ? true : undefined,
  );
  expect((await worker.drover.standing()).vms).toBe(before.vms + 1);
});
