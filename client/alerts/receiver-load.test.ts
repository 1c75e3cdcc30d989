/** Many alerts at once: what is in hand is bounded, what can't be taken is sent again, and nothing is lost. */
import { expect, test } from 'vitest';
import type { AlertAnswer } from '../../model/alerts.ts';
import { TemporalUnreachable } from '../errors.ts';
import { maxBodyBytes } from './receiver.ts';
import { alert, errorOf, receiver, standing, target, webhook } from './stand-in-receiver.ts';

/** A start that waits until it is let go on, and counts how many wait. */
function gate() {
  let waiting = 0;
  let most = 0;
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  return {
    open,
    most: () => most,
    waiting: () => waiting,
    beforeStart: async (): Promise<void> => {
      most = Math.max(most, ++waiting);
      await opened;
      waiting--;
    },
  };
}

const alertOf = (index: number, more: Record<string, unknown> = {}) =>
  alert({ labels: { vm: `vm${index}` }, fingerprint: index.toString(16), ...more });
const many = Array.from({ length: 1000 }, (_, index) => alertOf(index));

test('1,000 alerts of one webhook fit, are started a few at a time, and each is answered in its place', async () => {
  const { open, most, waiting, beforeStart } = gate();
  const { take, started, asked, metric } = receiver({ beforeStart });
  expect(webhook(...many).length).toBeLessThan(maxBodyBytes);
  const taken = take(...many);
  await expect.poll(waiting).toBe(32);
  expect(await metric('drover_alerts_received_total')).toBe(1000);
  expect(await metric('drover_alerts_in_flight')).toBe(1000);
  open();
  const answers = await taken;
  expect(answers.map(({ fingerprint }) => fingerprint)).toEqual(many.map(({ fingerprint }) => fingerprint));
  expect(new Set(answers.map(({ result }) => result))).toEqual(new Set(['started']));
  expect(started).toHaveLength(1000);
  expect(new Set(asked).size).toBe(1000);
  expect(asked).toHaveLength(1000);
  expect(most()).toBe(32);
  expect(await metric('drover_alerts_in_flight')).toBe(0);
});

test('1,000 webhooks at once are no more at a time than one', async () => {
  const { open, most, waiting, beforeStart } = gate();
  const { take, started } = receiver({ beforeStart });
  const taken = many.map((one) => take(one));
  await expect.poll(waiting).toBe(32);
  open();
  await Promise.all(taken);
  expect(started).toHaveLength(1000);
  expect(most()).toBe(32);
});

test('1,000 alerts of one VM ask once who holds it, start one operation and join it', async () => {
  const { take, started, asked } = receiver();
  const answers = await take(
    ...many.map((one) => ({ ...one, labels: { alertname: 'DroverVmStarved', vm: 'web1' } })),
  );
  expect(asked).toEqual(['web1']);
  expect(started).toHaveLength(1);
  expect(answers.filter(({ result }) => result === 'started')).toHaveLength(1);
  expect(answers.filter(({ result }) => result === 'joined')).toHaveLength(999);
  expect(new Set(answers.map(({ workflowId }) => workflowId)).size).toBe(1);
});

test.each([
  ['requests', { requests: 2, bytes: maxBodyBytes }],
  ['bytes', { requests: 100, bytes: 2 * webhook(alertOf(1)).length }],
])('more than the %s that it may have in hand is answered 503, and taken later', async (_, mostInHand) => {
  const { open, waiting, beforeStart } = gate();
  const { post, started, metric } = receiver({ beforeStart, mostInHand });
  const first = [post(webhook(alertOf(1))), post(webhook(alertOf(2)))];
  await expect.poll(waiting).toBe(2);
  const third = await post(webhook(alertOf(3)));
  expect(third.status).toBe(503);
  expect(third.headers.get('retry-after')).toBe('5');
  expect(await errorOf(third)).toBe('2 webhooks are in hand already: send this one again');
  expect(await metric('drover_alert_requests_rejected_total{reason="busy"}')).toBe(1);
  expect(await metric('drover_alerts_received_total')).toBe(2);
  open();
  expect((await Promise.all(first)).map(({ status }) => status)).toEqual([202, 202]);
  expect((await post(webhook(alertOf(3)))).status).toBe(202);
  expect(started).toHaveLength(3);
});

test('one that is larger than all it may have in hand is taken when it is alone', async () => {
  const { take } = receiver({ mostInHand: { requests: 1, bytes: 10 } });
  expect(await take(...many.slice(0, 10))).toHaveLength(10);
});

test('alerts that Temporal did not take in a webhook are postponed, and the whole is taken the next time', async () => {
  const away = new Set(['vm7']);
  const { post, take, started, metric } = receiver({
    beforeStart: (vm) =>
      away.has(vm) ? Promise.reject(new TemporalUnreachable(target, new Error('gone'))) : Promise.resolve(),
  });
  const response = await post(webhook(...many.slice(0, 10)));
  expect(response.status).toBe(503);
  expect(response.headers.get('retry-after')).toBe('5');
  const begun = started.length;
  const [postponed, taken] = [
    await metric('drover_alerts_handled_total{result="postponed"}'),
    await metric('drover_alerts_handled_total{result="started"}'),
  ];
  expect(postponed).toBeGreaterThan(0);
  expect(taken).toBe(begun);
  expect(postponed + taken).toBe(10);
  expect(await metric('drover_alerts_received_total')).toBe(10);

  // For a moment it is not asked again.
  away.clear();
  expect((await post(webhook(alertOf(1)))).status).toBe(503);
  await expect.poll(async () => (await post(webhook(alertOf(1)))).status, { timeout: 5000 }).toBe(202);
  const answers = await take(...many.slice(0, 10));
  expect(answers).toHaveLength(10);
  expect(started).toHaveLength(10);
  expect(new Set(started.map(({ workflowId }) => workflowId)).size).toBe(10);
});

test('an alert that fails of itself keeps no other from being taken, and is told in the log', async () => {
  const { post, started, metric, logged } = receiver({
    beforeStart: (vm) => (vm === 'vm3' ? Promise.reject(new Error('out of ids')) : Promise.resolve()),
  });
  const response = await post(webhook(...many.slice(0, 10)));
  expect(response.status).toBe(503);
  expect(await errorOf(response)).toBe('out of ids');
  expect(started).toHaveLength(9);
  expect(await metric('drover_alert_requests_rejected_total{reason="failed"}')).toBe(1);
  expect(logged.join()).toContain('out of ids');
});

test('a webhook that nobody waits for any more is left, and taken when it comes again', async () => {
  const { open, waiting, beforeStart } = gate();
  const { post, app, take, started, metric } = receiver({ beforeStart });
  const leaving = new AbortController();
  void post(webhook(...many), { signal: leaving.signal }).catch(() => undefined);
  await expect.poll(waiting).toBe(32);
  leaving.abort();
  open();
  await expect.poll(() => metric('drover_alerts_in_flight')).toBe(0);
  expect(started).toHaveLength(32);
  expect(await metric('drover_alerts_handled_total{result="postponed"}')).toBe(1000 - 32);
  expect(await metric('drover_alert_requests_rejected_total{reason="abandoned"}')).toBe(1);
  const answers: AlertAnswer[] = await take(...many);
  expect(answers.filter(({ result }) => result === 'joined')).toHaveLength(32);
  expect(started).toHaveLength(1000);
  expect((await app.request('/readyz')).status).toBe(200);
});

test('its metrics tell what it is, how long requests took, when the last was taken, and what Temporal counts', async () => {
  const { take, post, metric } = receiver();
  const before = Date.now() / 1000;
  expect(await metric('drover_alert_last_taken_timestamp_seconds')).toBe(0);
  await take(alert());
  await post('none of it');
  expect(await metric('drover_alert_last_taken_timestamp_seconds')).toBeGreaterThanOrEqual(before);
  expect(await metric('drover_alert_request_duration_seconds_count{code="202"}')).toBe(1);
  expect(await metric('drover_alert_request_duration_seconds_count{code="400"}')).toBe(1);
  expect(await metric(`drover_build_info{version="1.2.3",node="${process.version}"}`)).toBe(1);
  expect(await metric('drover_temporal_up')).toBe(1);
  expect(await metric('drover_operations_running')).toBe(standing.running);
  expect(await metric('drover_vms_in_doubt')).toBe(standing.vmsInDoubt);
  expect(await metric('drover_hosts{state="maintenance"}')).toBe(1);
});

test('what Temporal counts is absent while it is away', async () => {
  const { metric } = receiver({ unreachable: true });
  expect(await metric('drover_temporal_up')).toBe(0);
  await expect(metric('drover_vms_in_doubt')).rejects.toThrow('no metric');
});

test('what Alertmanager left out by max_alerts is counted', async () => {
  const { post, metric } = receiver();
  await post(webhook(alert()).replace('"version"', '"truncatedAlerts":7,"version"'));
  expect(await metric('drover_alerts_left_out_total')).toBe(7);
});

test('a token that can no longer be read is answered 503 and told in the log alone', async () => {
  const { post, metric, logged } = receiver({
    token: () => {
      throw new Error('names the file /etc/drover/token, which can’t be read (ENOENT)');
    },
  });
  const response = await post(webhook(alert()));
  expect(response.status).toBe(503);
  expect(await response.text()).not.toContain('/etc/drover');
  expect(logged.join()).toContain('/etc/drover/token');
  expect(await metric('drover_alert_requests_rejected_total{reason="tokenUnreadable"}')).toBe(1);
});
