import { describe, expect, test } from 'vitest';
import type { AlertRoute } from '../../settings/schema.ts';
import { maxBodyBytes } from './receiver.ts';
import { alert, errorOf, receiver, webhook } from './stand-in-receiver.ts';

describe('a request without the right to be heard', () => {
  test.each([
    ['no token', ''],
    ['a wrong token', 'Bearer another'],
    ['the start of the token', 'Bearer a-tok'],
    ['the token and more', 'Bearer a-token-'],
    ['the token alone', 'a-token'],
    ['another scheme', 'Basic a-token'],
  ])('%s is answered 401, and starts nothing', async (_, authorization) => {
    const { post, started, metric } = receiver();
    const response = await post(webhook(alert()), { authorization });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(await errorOf(response)).toBe(
      'send the token of alerts.tokenEnv as "Authorization: Bearer TOKEN"',
    );
    expect(started).toEqual([]);
    expect(await metric('drover_alert_requests_rejected_total{reason="unauthorized"}')).toBe(1);
  });
});

test('what is no POST is answered 405 with what is allowed', async () => {
  const response = await receiver().app.request('/alerts');
  expect(response.status).toBe(405);
  expect(response.headers.get('allow')).toBe('POST');
  expect(await errorOf(response)).toBe('GET is not allowed here: POST alerts');
});

test('a reason is text as it is meant, on one line, once the answer is read', async () => {
  const [refused] = await receiver().take(alert({ labels: { vm: 'web "1"\n' } }));
  expect(refused?.reason).toContain('{"vm":"web \\"1\\"\\n","onlyIfStarved":true');
  const [ignored] = await receiver().take(alert({ labels: { alertname: 'Disk "full"\n' } }));
  expect(ignored?.reason).toContain('the alert Disk "full"\uFFFD: map it');
});

describe('a body that is none of Alertmanager’s', () => {
  test.each([
    ['empty', '', 'the body is no JSON'],
    ['not JSON', 'vm=web1', 'the body is no JSON'],
    ['null', 'null', 'the body is no Alertmanager webhook (version 4): the body:'],
    ['a list', '[]', 'the body is no Alertmanager webhook (version 4): the body:'],
    ['JSON of another kind', '{"vm":"web1"}', 'version:'],
    ['of another version', webhook(alert()).replace('"4"', '"3"'), 'version:'],
    [
      'with a fingerprint of hostile text',
      webhook(alert({ fingerprint: '../x' })),
      'alerts.0.fingerprint: must be hexadecimal digits',
    ],
    ['with a time that is none', webhook(alert({ startsAt: 'now' })), 'alerts.0.startsAt:'],
    [
      'with a label that is a number',
      webhook(alert({ labels: { vm: 1 as unknown as string } })),
      'alerts.0.labels.vm:',
    ],
  ])('%s, is answered 400 with what is wrong', async (_, body, expected) => {
    const { post, started, metric } = receiver();
    const response = await post(body);
    expect(response.status).toBe(400);
    expect(await errorOf(response)).toContain(expected);
    expect(started).toEqual([]);
    expect(await metric('drover_alert_requests_rejected_total{reason="malformed"}')).toBe(1);
  });

  test('of 10 MiB is answered 413', async () => {
    const { post, started, metric } = receiver();
    const response = await post(webhook(alert({ labels: { vm: 'x'.repeat(10 * 1024 ** 2) } })));
    expect(response.status).toBe(413);
    expect(await errorOf(response)).toContain(`the body is larger than ${maxBodyBytes} bytes`);
    expect(started).toEqual([]);
    expect(await metric('drover_alert_requests_rejected_total{reason="tooLarge"}')).toBe(1);
  });
});

describe('DroverVmStarved', () => {
  test('starts migrateVm, which looks again itself, under the id of the episode', async () => {
    const { take, started } = receiver();
    const workflowId = 'migrate-vm/web1/alert-c0ffee0123456789-2026-11-23T10:00:00.500Z';
    expect(await take(alert())).toEqual([{ fingerprint: 'c0ffee0123456789', result: 'started', workflowId }]);
    expect(started).toEqual([
      {
        name: 'migrateVm',
        workflowId,
        input: expect.objectContaining({
          vm: 'web1',
          onlyIfStarved: true,
          reason: 'alert DroverVmStarved: web1 is short of CPU on host1',
        }),
      },
    ]);
  });

  test('that comes again is joined to what it started, and a new episode is not', async () => {
    const { take, started } = receiver();
    await take(alert());
    const [again] = await take(alert({ startsAt: '2026-11-23T11:00:00.5+01:00' }));
    expect(again).toMatchObject({ result: 'joined', reason: 'this episode of the alert started it' });
    const [later] = await take(alert({ startsAt: '2026-11-23T12:00:00Z' }));
    expect(later).toMatchObject({ result: 'started' });
    expect(started).toHaveLength(2);
  });

  test('for a VM that an operation holds is joined to that', async () => {
    const { take, started } = receiver({ held: { web1: 'migrate-vm/web1/by-hand' } });
    expect(await take(alert())).toEqual([
      {
        fingerprint: 'c0ffee0123456789',
        result: 'joined',
        workflowId: 'migrate-vm/web1/by-hand',
        reason: 'web1 is being worked on already',
      },
    ]);
    expect(started).toEqual([]);
  });

  test('is started while no worker can say who holds its VM, and the next one without asking', async () => {
    const { take, started, asked } = receiver({ areWorkersSilent: true });
    const answers = [
      ...(await take(alert())),
      ...(await take(alert({ labels: { vm: 'web2' }, fingerprint: 'f2' }))),
    ];
    expect(answers.map(({ result }) => result)).toEqual(['started', 'started']);
    expect(started).toHaveLength(2);
    expect(asked).toEqual(['web1']);
  });

  test('without the label of the VM is refused', async () => {
    const { take, started } = receiver();
    const { vm: _, ...labels } = alert().labels as Record<string, string>;
    const [answer] = await take({ ...alert(), labels });
    expect(answer).toMatchObject({ result: 'refused', reason: 'DroverVmStarved has no label vm' });
    expect(started).toEqual([]);
  });

  test.each([
    ['spaces', 'web 1'],
    ['nothing', ''],
    ['a leading dash', '--all'],
    ['a single quote', "web1'; reboot"],
    ['a double quote', 'web"1'],
    ['a newline', 'web1\nweb2'],
    ['XML', '<domain/>'],
    ['all digits', '13'],
    ['a UUID', '9f0c7d2e-6f0b-4d0a-9a51-0d5bb6d1c7aa'],
    ['300 characters', 'w'.repeat(300)],
    ['another script', 'веб1'],
    ['braces of a route', '{host}'],
  ])('for a VM with %s in its name is refused in one short line', async (_, vm) => {
    const { take, started } = receiver();
    const [answer] = await take(alert({ labels: { vm } }));
    expect(answer?.result).toBe('refused');
    expect(answer?.reason).toMatch(/^DroverVmStarved asks for migrateVm with .*: vm (is|has)/);
    expect(answer?.reason).not.toContain('\n');
    expect(answer?.reason?.length).toBeLessThan(500);
    expect(started).toEqual([]);
  });

  test('with a summary of 10,000 characters is taken, the reason cut short', async () => {
    const { take, started } = receiver();
    await take(alert({ annotations: { summary: 'x'.repeat(10_000) } }));
    expect(started[0]?.input).toMatchObject({ reason: expect.stringMatching(/^alert .{494}$/) });
  });
});

describe('an alert that asks for nothing', () => {
  test('of another name is ignored, and says how to change that', async () => {
    const { take, started } = receiver();
    const [answer] = await take(alert({ labels: { alertname: 'Watchdog' } }));
    expect(answer).toMatchObject({
      result: 'ignored',
      reason: 'no operation belongs to the alert Watchdog: map it under alerts.routes',
    });
    expect(started).toEqual([]);
  });

  test.each([
    ['of another name', { alertname: 'Watchdog' }, 'no operation belongs to the alert Watchdog'],
    [
      'of a VM that can be none',
      { vm: '13' },
      'resolved, and nothing was started for it: DroverVmStarved asks',
    ],
  ])('resolved, %s, is ignored', async (_, labels, reason) => {
    const { take, told } = receiver();
    const [answer] = await take(alert({ status: 'resolved', labels }));
    expect(answer).toMatchObject({ result: 'ignored', reason: expect.stringContaining(reason) });
    expect(told).toEqual([]);
  });
});

describe('an alert that is resolved', () => {
  const id = 'migrate-vm/web1/alert-c0ffee0123456789-2026-11-23T10:00:00.500Z';
  const resolved = alert({ status: 'resolved', endsAt: '2026-11-23T10:05:00Z' });

  test('is told to the operation that its episode started', async () => {
    const { take, started, told, asked } = receiver();
    await take(alert());
    expect(await take(resolved)).toEqual([
      {
        fingerprint: 'c0ffee0123456789',
        result: 'joined',
        workflowId: id,
        reason:
          'told that DroverVmStarved is resolved since 2026-11-23T10:05:00Z; it looks for itself whether to go on',
      },
    ]);
    expect(told).toEqual([
      { workflowId: id, notice: { alertname: 'DroverVmStarved', at: '2026-11-23T10:05:00Z' } },
    ]);
    expect(started).toHaveLength(1);
    expect(asked).toHaveLength(1);
  });

  test('of an operation that has ended is ignored', async () => {
    const { take, told } = receiver({ ended: [id] });
    await take(alert());
    expect(await take(resolved)).toMatchObject([
      {
        result: 'ignored',
        workflowId: id,
        reason: 'DroverVmStarved is resolved, and the operation that it started has ended',
      },
    ]);
    expect(told).toEqual([]);
  });

  test('of an episode that started none is ignored, and starts none', async () => {
    const { take, started, told } = receiver();
    await take(alert());
    const [answer] = await take({ ...resolved, startsAt: '2026-11-23T12:00:00Z' });
    expect(answer).toMatchObject({
      result: 'ignored',
      reason: 'DroverVmStarved is resolved, and this episode of it started no operation',
    });
    expect(answer).not.toHaveProperty('workflowId');
    expect(started).toHaveLength(1);
    expect(told).toEqual([]);
  });

  test('in one group with others that fire is taken by itself, each in its place', async () => {
    const { take, told } = receiver({ held: { db1: 'migrate-vm/db1/by-hand' } });
    await take(alert());
    const answers = await take(
      alert({ labels: { vm: 'db1' }, fingerprint: 'd1' }),
      resolved,
      alert({ labels: { alertname: 'Watchdog' }, fingerprint: 'd2' }),
      alert({ labels: { vm: 'web2' }, fingerprint: 'd3' }),
      alert({ status: 'resolved', labels: { vm: 'web2' }, fingerprint: 'd3' }),
    );
    expect(answers.map(({ fingerprint, result }) => `${fingerprint} ${result}`)).toEqual([
      'd1 joined',
      'c0ffee0123456789 joined',
      'd2 ignored',
      'd3 started',
      'd3 joined',
    ]);
    expect(told.map(({ workflowId }) => workflowId)).toEqual([
      id,
      'migrate-vm/web2/alert-d3-2026-11-23T10:00:00.500Z',
    ]);
  });
});

describe('a route of the settings', () => {
  const route: AlertRoute = {
    alertname: 'DiskSlow',
    labels: { severity: 'critical' },
    workflow: 'migrateVm',
    input: { vm: '{domain}', to: 'host-{rack}', acceptWarnings: false },
  };

  test('fills the input from the labels', async () => {
    const { take, started } = receiver({ routes: [route] });
    const labels = { alertname: 'DiskSlow', severity: 'critical', domain: 'db1', rack: 'b' };
    expect(await take(alert({ labels }))).toMatchObject([{ result: 'started' }]);
    expect(started[0]?.input).toMatchObject({ vm: 'db1', to: 'host-b', acceptWarnings: false });
  });

  test('is not taken when a label differs', async () => {
    const { take } = receiver({ routes: [route] });
    const labels = { alertname: 'DiskSlow', severity: 'warning', domain: 'db1', rack: 'b' };
    expect(await take(alert({ labels }))).toMatchObject([{ result: 'ignored' }]);
  });

  test('names every label that is missing', async () => {
    const { take } = receiver({ routes: [route] });
    expect(await take(alert({ labels: { alertname: 'DiskSlow', severity: 'critical' } }))).toMatchObject([
      { result: 'refused', reason: 'DiskSlow has no label domain, rack' },
    ]);
  });

  test('comes before Drover’s own of the same name', async () => {
    const own: AlertRoute = {
      ...route,
      alertname: 'DroverVmStarved',
      labels: {},
      input: { vm: '{vm}', to: 'host3' },
    };
    const { take, started } = receiver({ routes: [own] });
    await take(alert());
    expect(started[0]?.input).toMatchObject({ vm: 'web1', to: 'host3', onlyIfStarved: false });
  });
});

describe('without Temporal', () => {
  test('an alert is answered 503, so that Alertmanager comes again', async () => {
    const { post, metric } = receiver({ unreachable: true });
    const response = await post(webhook(alert()));
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
    expect(await errorOf(response)).toContain(
      'does not answer (connection refused); start it with: drover up',
    );
    expect(await metric('drover_alert_requests_rejected_total{reason="unavailable"}')).toBe(1);
    expect(await metric('drover_alerts_handled_total{result="started"}')).toBe(0);
  });

  test('it is alive and not ready', async () => {
    const { app } = receiver({ unreachable: true });
    expect((await app.request('/healthz')).status).toBe(200);
    const ready = await app.request('/readyz');
    expect(ready.status).toBe(503);
    expect(await ready.text()).toContain('does not answer');
  });
});

test('with Temporal it is ready', async () => {
  expect((await receiver().app.request('/readyz')).status).toBe(200);
});

test('another path says which there are', async () => {
  const response = await receiver().app.request('/alert');
  expect(response.status).toBe(404);
  expect(await errorOf(response)).toContain('POST /alerts');
});

test('every alert ends as exactly one of started, joined, ignored and refused', async () => {
  const { take, metric } = receiver();
  const alerts = [
    alert(),
    alert(),
    alert({ labels: { vm: 'db1' } }),
    alert({ labels: { vm: '13' } }),
    alert({ labels: { alertname: 'Watchdog' } }),
    alert({ status: 'resolved', fingerprint: 'f0' }),
  ];
  const answers = await take(...alerts);
  expect(answers.map(({ result }) => result)).toEqual([
    'started',
    'joined',
    'started',
    'refused',
    'ignored',
    'ignored',
  ]);
  const counts = await Promise.all(
    ['started', 'joined', 'ignored', 'refused'].map((result) =>
      metric(`drover_alerts_handled_total{result="${result}"}`),
    ),
  );
  expect(counts).toEqual([2, 1, 2, 1]);
  expect(await metric('drover_alerts_received_total')).toBe(alerts.length);
  expect(counts.reduce((sum, count) => sum + count)).toBe(alerts.length);
  expect(await metric('drover_alerts_handled_total{result="postponed"}')).toBe(0);
  expect(await metric('drover_alerts_in_flight')).toBe(0);
});
