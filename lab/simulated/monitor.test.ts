/** The simulation as Prometheus and Alertmanager: what a receiver gets, by real HTTP. Time passes as the tests look. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ManualClock } from './clock.ts';
import { SimulatedDatacenter } from './datacenter.ts';
import { Monitor } from './monitor.ts';
import { DatacenterSpec } from './spec.ts';

interface Post {
  readonly authorization: string | undefined;
  readonly body: {
    readonly version: string;
    readonly groupKey: string;
    readonly status: string;
    readonly alerts: readonly {
      readonly status: string;
      readonly labels: Record<string, string>;
      readonly startsAt: string;
      readonly endsAt: string;
      readonly fingerprint: string;
    }[];
  };
}

const spec = DatacenterSpec.parse({
  hosts: [
    { name: 'weak', cpus: 0.4 },
    { name: 'strong', cpus: 1.5 },
  ],
  vms: [
    { name: 'web1', host: 'weak', loadCores: 0.1 },
    { name: 'web2', host: 'weak', loadCores: 0.05 },
  ],
});
const web1 = SimulatedDatacenter.vmUuid('web1');

let folder: string;
let clock: ManualClock;
let datacenter: SimulatedDatacenter;
let posts: Post[];
let answer: number;
let receiver: Server;
let monitor: Monitor;
let reports: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'drover-monitor-'));
  writeFileSync(join(folder, 'token'), 'secret\n');
  clock = new ManualClock();
  datacenter = new SimulatedDatacenter(spec, clock);
  posts = [];
  reports = [];
  answer = 202;
  receiver = createServer((request, response) => {
    void take(request).then(() => response.writeHead(answer).end('{}'));
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  monitor = await startMonitor((receiver.address() as AddressInfo).port);
});
afterEach(async () => {
  await monitor.close();
  if (receiver.listening) await closeReceiver();
  rmSync(folder, { recursive: true });
});

function startMonitor(port: number): Promise<Monitor> {
  return Monitor.start(
    () => datacenter,
    {
      alertsUrl: `http://127.0.0.1:${port}/alerts`,
      tokenFile: join(folder, 'token'),
      starved: { hostBusyRatio: 0.9, vmShareOfHost: 0.25, forSeconds: 3, windowSeconds: 10 },
      port: 0,
    },
    (line) => reports.push(line),
  );
}

async function take(request: IncomingMessage): Promise<void> {
  const body = JSON.parse(await text(request)) as Post['body'];
  posts.push({ authorization: request.headers.authorization, body });
}

async function closeReceiver(): Promise<void> {
  receiver.close();
  receiver.closeAllConnections();
  await once(receiver, 'close');
}

const load = (loadCores: number): void => datacenter.setTraits(web1, { loadCores });

/** Lets a second pass between looks. */
async function untilPosted(what: string, look: (post: Post) => boolean): Promise<Post> {
  return vi.waitFor(
    async () => {
      await clock.advance(1000);
      const found = posts.find(look);
      if (!found) throw new Error(`no ${what} yet, but ${JSON.stringify(posts)}; ${reports.join('; ')}`);
      return found;
    },
    { timeout: 10_000, interval: 5 },
  );
}

async function shownAlerts(): Promise<{ labels: Record<string, string>; state: string }[]> {
  const response = await fetch(`http://127.0.0.1:${monitor.port}/api/v1/alerts`);
  const { data } = (await response.json()) as {
    data: { alerts: { labels: Record<string, string>; state: string }[] };
  };
  return data.alerts;
}

test('a VM that is starved on a busy host is told as Alertmanager tells it', async () => {
  load(1);
  const { authorization, body } = await untilPosted('firing', ({ body }) => body.status === 'firing');
  expect(authorization).toBe('Bearer secret');
  expect(body).toMatchObject({
    version: '4',
    groupKey: '{}/{alertname=~"Drover.*"}:{alertname="DroverVmStarved", vm="web1"}',
    alerts: [
      {
        status: 'firing',
        labels: { alertname: 'DroverVmStarved', host: 'weak', vm: 'web1', severity: 'warning' },
        annotations: { summary: 'web1 is short of CPU on weak' },
        endsAt: '0001-01-01T00:00:00Z',
      },
    ],
  });
  expect(body.alerts[0]?.fingerprint).toMatch(/^[0-9a-f]+$/);
  expect((await shownAlerts()).map(({ labels, state }) => [labels['vm'], state])).toEqual([
    ['web1', 'firing'],
  ]);
  // A VM with a small part in it is not told of.
  expect(posts.every(({ body }) => body.alerts.every(({ labels }) => labels['vm'] === 'web1'))).toBe(true);
});

test('an episode is repeated under the same name, ended, and a new one has another', async () => {
  load(1);
  const first = await untilPosted('firing', ({ body }) => body.status === 'firing');
  const repeat = await untilPosted('repeat', (post) => post !== first && post.body.status === 'firing');
  expect(repeat.body.alerts[0]?.startsAt).toBe(first.body.alerts[0]?.startsAt);
  load(0.1);
  const over = await untilPosted('resolved', ({ body }) => body.status === 'resolved');
  expect(over.body.alerts[0]).toMatchObject({
    status: 'resolved',
    fingerprint: first.body.alerts[0]?.fingerprint,
    startsAt: first.body.alerts[0]?.startsAt,
  });
  expect(over.body.alerts[0]?.endsAt).not.toBe('0001-01-01T00:00:00Z');
  expect(await shownAlerts()).toEqual([]);
  posts = [];
  load(1);
  const second = await untilPosted('second episode', ({ body }) => body.status === 'firing');
  expect(second.body.alerts[0]?.fingerprint).toBe(first.body.alerts[0]?.fingerprint);
  expect(second.body.alerts[0]?.startsAt).not.toBe(first.body.alerts[0]?.startsAt);
});

test('an alert that is not taken comes again, with an answer of 503 as with none at all', async () => {
  answer = 503;
  load(1);
  const first = await untilPosted('try', () => true);
  await untilPosted('second try', (post) => post !== first);
  const { port } = receiver.address() as AddressInfo;
  await closeReceiver();
  await vi.waitFor(async () => {
    await clock.advance(1000);
    expect(reports.join()).toContain('ECONNREFUSED');
  });
  posts = [];
  answer = 202;
  receiver.listen(port, '127.0.0.1');
  const taken = await untilPosted('post that is taken', () => true);
  expect(taken.body.alerts[0]?.startsAt).toBe(first.body.alerts[0]?.startsAt);
});

test('a host that does not answer is not measured', async () => {
  load(1);
  await untilPosted('firing', ({ body }) => body.status === 'firing');
  datacenter.network.cut('weak', 'monitor');
  await untilPosted('resolved', ({ body }) => body.status === 'resolved');
  expect(datacenter.hostNamed('weak').copies.get(web1)?.state).toBe('running');
});

test('a datacenter that is made anew is measured anew', async () => {
  await clock.advance(100_000);
  load(1);
  await untilPosted('firing', ({ body }) => body.status === 'firing');
  datacenter = new SimulatedDatacenter(spec, new ManualClock());
  // The next look is still due on the old one's time.
  await clock.advance(1000);
  clock = datacenter.clock as ManualClock;
  expect(await shownAlerts()).toEqual([]);
  posts = [];
  load(1);
  await untilPosted('alert of the new one', ({ body }) => body.status === 'firing');
  // Nothing waits for a time that the new one has not come to.
  expect(clock.nowMs()).toBeLessThan(60_000);
});
