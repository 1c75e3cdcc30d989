/**
 * A real Alertmanager with the configuration of monitoring/, its times made short, before the alert receiver: a storm of
 * alerts is taken, those that are over are told, and the token can be replaced.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { monitoring } from '../../structure/monitoring/dashboard.ts';
import { ReceiverProcess } from '../../support/receiver-process.ts';
import { freePort } from '../../support/free-port.ts';
import { prepareTestNamespace, startTestServer, type TestServer } from '../../support/temporal.ts';

vi.setConfig({ testTimeout: 120_000 });

let folder: string;
let server: TestServer;
let receiver: ReceiverProcess;
let alertmanager: ChildProcess;
let url: string;
let credentialsFile: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'drover-alertmanager-'));
  server = await startTestServer();
  await prepareTestNamespace(server.address);
  receiver = await ReceiverProcess.start(folder, Number(server.address.split(':')[1]));
  credentialsFile = join(folder, 'credentials');
  writeFileSync(credentialsFile, receiver.token);
  const config = readFileSync(join(monitoring, 'alertmanager.yml'), 'utf8')
    .replace('http://127.0.0.1:9199', receiver.url)
    .replace('/etc/prometheus/drover-alert-token', credentialsFile)
    .replace('group_wait: 10s', 'group_wait: 1s')
    .replace('group_interval: 1m', 'group_interval: 2s');
  writeFileSync(join(folder, 'alertmanager.yml'), config);
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  alertmanager = spawn(
    'prometheus-alertmanager',
    [
      `--config.file=${join(folder, 'alertmanager.yml')}`,
      `--storage.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
      '--log.level=error',
    ],
    { stdio: 'ignore' },
  );
  process.once('exit', () => alertmanager.kill('SIGKILL'));
  const isReady = async (): Promise<void> => {
    if (!(await fetch(`${url}/-/ready`)).ok) throw new Error('Alertmanager is not ready');
  };
  await vi.waitFor(isReady, { timeout: 30_000, interval: 100 });
});
afterAll(async () => {
  if (alertmanager?.exitCode === null) {
    const exited = once(alertmanager, 'exit');
    alertmanager.kill('SIGKILL');
    await exited;
  }
  await receiver?.kill();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What Prometheus sends. @param endsAt for those that are over; default: they last */
async function send(vms: readonly string[], endsAt?: string): Promise<void> {
  const alerts = vms.map((vm) => ({
    labels: { alertname: 'DroverVmStarved', host: 'host1', severity: 'warning', vm },
    annotations: { summary: `${vm} is short of CPU on host1` },
    startsAt: '2026-11-23T10:00:00Z',
    endsAt: endsAt ?? new Date(Date.now() + 3_600_000).toISOString(),
  }));
  const response = await fetch(`${url}/api/v2/alerts`, {
    method: 'POST',
    body: JSON.stringify(alerts),
    headers: { 'content-type': 'application/json' },
  });
  expect(response.status).toBe(200);
}

const untilHandled = (result: string, count: number): Promise<void> =>
  expect
    .poll(async () => (await receiver.metrics()).get(`drover_alerts_handled_total{result="${result}"}`), {
      timeout: 100_000,
      interval: 500,
    })
    .toBe(count);

test('1,000 alerts of a second are started, each once, and all are accounted for', async () => {
  await send(Array.from({ length: 1000 }, (_, index) => `vm${index}`));
  await untilHandled('started', 1000);
  const metrics = await receiver.metrics();
  const handled = [...metrics].filter(([name]) => name.startsWith('drover_alerts_handled_total{'));
  expect(metrics.get('drover_alerts_in_flight')).toBe(0);
  expect(metrics.get('drover_alerts_received_total')).toBe(
    handled.reduce((sum, [, count]) => sum + count, 0),
  );
  expect(metrics.get('drover_alert_requests_rejected_total{reason="failed"}')).toBe(0);
});

test('one that is over is told to its operation', async () => {
  const before = (await receiver.metrics()).get('drover_alerts_handled_total{result="joined"}') ?? 0;
  await send(['vm1', 'vm2'], new Date().toISOString());
  await untilHandled('joined', before + 2);
  expect((await receiver.metrics()).get('drover_alerts_handled_total{result="joined"}')).toBe(before + 2);
});

test('a replaced token is read without a restart of either', async () => {
  writeFileSync(receiver.tokenFile, 'another-token\n', { mode: 0o600 });
  await send(['rotated1']);
  await expect
    .poll(async () =>
      (await receiver.metrics()).get('drover_alert_requests_rejected_total{reason="unauthorized"}'),
    )
    .toBeGreaterThan(0);
  writeFileSync(credentialsFile, 'another-token');
  // The 401 was not the end of it: the group is flushed again.
  await untilHandled('started', 1001);
});
