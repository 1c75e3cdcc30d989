/** What Prometheus sees of the lab, and where its alerts go. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { waitFor } from '../../../lab/wait.ts';
import { sharedLab } from '../../support/lab.ts';

const lab = sharedLab();

const querySchema = z.object({
  data: z.object({
    result: z.array(
      z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) }),
    ),
  }),
});

async function query(text: string) {
  const response = await fetch(`${lab.prometheusUrl}/api/v1/query?query=${encodeURIComponent(text)}`);
  return querySchema.parse(await response.json()).data.result;
}

test('each host is scraped under its name, and its VM’s CPU time is there', async () => {
  const hosts = await waitFor('libvirt_up of all hosts', 20, async () => {
    const up = (await query('libvirt_up == 1')).map(({ metric }) => metric['host']);
    return up.length >= lab.hosts.length ? { value: up } : { seen: up.join() };
  });
  expect(new Set(hosts)).toEqual(new Set(lab.hosts.map((host) => host.name)));
  const [time] = await waitFor('the CPU time of web1', 20, async () => {
    const times = await query('libvirt_domain_info_cpu_time_seconds_total{domain="web1"}');
    return times.length > 0 ? { value: times } : { seen: 'none' };
  });
  expect(Number(time?.value[1])).toBeGreaterThan(0);
});

test('a Drover alert reaches the receiver with the token, firing and resolved; another alert does not', async () => {
  const received: { headers: IncomingHttpHeaders; body: string }[] = [];
  const receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      response.writeHead(202).end();
    });
  }).listen(lab.config.ports.alerts, '127.0.0.1');
  await once(receiver, 'listening');
  onTestFinished(() => void receiver.close());

  const labels = { alertname: 'DroverLabTest', vm: 'web1' };
  await post([{ labels }, { labels: { alertname: 'SomethingElse' } }]);
  expect(await receiversOf('SomethingElse')).toEqual(['nobody']);
  const status = async (wanted: string) =>
    waitFor(`the alert ${wanted}`, 20, () => {
      const found = received.find(({ body }) => body.includes(`"status":"${wanted}"`));
      return found ? { value: found } : { seen: `${received.length} messages` };
    });
  const firing = await status('firing');
  expect(firing.headers.authorization).toBe(`Bearer ${readFileSync(lab.alertTokenFile, 'utf8')}`);
  expect(JSON.parse(firing.body)).toMatchObject({ version: '4', alerts: [{ labels }] });
  await post([{ labels, endsAt: new Date().toISOString() }]);
  await status('resolved');
}, 60_000);

const alertsSchema = z.array(z.object({ receivers: z.array(z.object({ name: z.string() })) }));

/** Where Alertmanager sends an alert. */
async function receiversOf(name: string): Promise<string[]> {
  const filter = encodeURIComponent(`alertname="${name}"`);
  const response = await fetch(`${lab.alertmanagerUrl}/api/v2/alerts?filter=${filter}`);
  return alertsSchema.parse(await response.json()).flatMap(({ receivers }) => receivers.map((it) => it.name));
}

async function post(alerts: readonly object[]): Promise<void> {
  const response = await fetch(`${lab.alertmanagerUrl}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(alerts),
  });
  expect(response.status).toBe(200);
}
