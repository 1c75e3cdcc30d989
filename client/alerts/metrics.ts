/**
 * What the receiver counts. Of every alert that was read it holds, once none is in flight:
 * received = started + joined + ignored + refused + postponed, where postponed is 0 unless a request was answered 5xx.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { AlertResult } from '../../model/alerts.ts';
import { hostStates } from '../../model/host-record.ts';
import type { Standing } from '../standing.ts';

/** `postponed`: its request was answered 5xx, and Alertmanager sends it again. */
export type HandledAs = AlertResult | 'postponed';
const results = ['started', 'joined', 'ignored', 'refused', 'postponed'] as const satisfies HandledAs[];

/**
 * Why a whole request was not taken. `busy`: too much is in hand; `unavailable`: Temporal is away; `abandoned`: whoever
 * sent it waited no longer; `failed`: an alert could not be acted on for another reason, which stands in the log;
 * `tokenUnreadable`: the settings' token.
 */
export type Rejection = (typeof rejections)[number];
const rejections = [
  'unauthorized',
  'tooLarge',
  'malformed',
  'busy',
  'unavailable',
  'abandoned',
  'failed',
  'tokenUnreadable',
] as const;

export interface AlertMetrics {
  readonly contentType: string;
  /** So many alerts were read; each is handled afterwards. */
  received(alerts: number): void;
  handled(as: HandledAs): void;
  /** So many alerts Alertmanager left out of a webhook, by its `max_alerts`: Drover never heard of them. */
  leftOut(alerts: number): void;
  /** A whole request that was not taken. */
  rejected(why: Rejection): void;
  /** A request was answered. @param seconds since its headers were read */
  answered(status: number, seconds: number): void;
  text(): Promise<string>;
}

export interface AlertMetricsOptions {
  /** Drover's own, as package.json has it. */
  readonly version: string;
  /** Asked for each scrape. @throws when Temporal does not answer */
  readonly standing: () => Promise<Standing>;
}

export function createAlertMetrics({ version, standing }: AlertMetricsOptions): AlertMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const received = new Counter({
    name: 'drover_alerts_received_total',
    help: 'Alerts of webhooks that were read, counted before they are acted on.',
    registers,
  });
  const handled = new Counter({
    name: 'drover_alerts_handled_total',
    help: 'Alerts by what came of them; a postponed one is sent again by Alertmanager.',
    labelNames: ['result'] as const,
    registers,
  });
  const inFlight = new Gauge({
    name: 'drover_alerts_in_flight',
    help: 'Alerts that were received and not handled yet.',
    registers,
  });
  const leftOut = new Counter({
    name: 'drover_alerts_left_out_total',
    help: 'Alerts that Alertmanager left out of its webhooks by max_alerts.',
    registers,
  });
  const rejected = new Counter({
    name: 'drover_alert_requests_rejected_total',
    help: 'Webhook requests that were not taken, by the reason.',
    labelNames: ['reason'] as const,
    registers,
  });
  const duration = new Histogram({
    name: 'drover_alert_request_duration_seconds',
    help: 'From the headers of a webhook request to its answer, by the status.',
    labelNames: ['code'] as const,
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers,
  });
  const lastTaken = new Gauge({
    name: 'drover_alert_last_taken_timestamp_seconds',
    help: 'When a webhook was answered 202 last; 0: not since the receiver started.',
    registers,
  });
  new Gauge({
    name: 'drover_build_info',
    help: 'Always 1; the version of Drover, and of its Node.',
    labelNames: ['version', 'node'] as const,
    registers,
  }).set({ version, node: process.version }, 1);
  for (const result of results) handled.inc({ result }, 0);
  for (const reason of rejections) rejected.inc({ reason }, 0);
  // Anyone may ask for the metrics: however many do, Temporal is asked one question at a time.
  let looking: Promise<Standing | undefined> | undefined;
  const look = (): Promise<Standing | undefined> =>
    (looking ??= standing()
      .catch(() => undefined)
      .finally(() => (looking = undefined)));

  return {
    contentType: registry.contentType,
    received: (alerts) => {
      received.inc(alerts);
      inFlight.inc(alerts);
    },
    handled: (result) => {
      handled.inc({ result });
      inFlight.dec();
    },
    leftOut: (alerts) => leftOut.inc(alerts),
    rejected: (reason) => rejected.inc({ reason }),
    answered: (status, seconds) => {
      duration.observe({ code: String(status) }, seconds);
      if (status === 202) lastTaken.setToCurrentTime();
    },
    text: async () => `${await registry.metrics()}${await standingText(await look())}`,
  };
}

/** Gauges of what Temporal counts, which are absent while it is away. */
async function standingText(standing: Standing | undefined): Promise<string> {
  const registry = new Registry();
  const gauge = (name: string, help: string, value: number): void =>
    new Gauge({ name, help, registers: [registry] }).set(value);
  gauge('drover_temporal_up', 'Whether Temporal answered this scrape.', standing ? 1 : 0);
  if (standing) {
    gauge('drover_operations_running', 'Operations that run now.', standing.running);
    gauge('drover_vms', 'VMs that have a record.', standing.vms);
    gauge('drover_vms_in_doubt', 'VMs that nothing acts on until they are settled.', standing.vmsInDoubt);
    const help = 'Hosts that have a record, by its state.';
    const hosts = new Gauge({ name: 'drover_hosts', help, labelNames: ['state'], registers: [registry] });
    for (const state of hostStates) hosts.set({ state }, standing.hosts[state]);
  }
  return await registry.metrics();
}
