/**
 * Alertmanager's part: groups alerts by VM, waits for company, posts the webhook (version 4), repeats it while they
 * fire, says when they are resolved, and tries again until it is taken.
 * https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { annotationsOf, labelsOf, type ActiveAlert } from './starved-rule.ts';

/** The lab's Alertmanager is set to the same. */
export const sendingTimes = { groupWaitMs: 1000, groupIntervalMs: 5000, repeatIntervalMs: 30_000 } as const;
const firstRetryMs = 1000;
const answerWithinMs = 10_000;
/** Go's zero time: a firing alert has no end yet. */
const never = '0001-01-01T00:00:00Z';

export interface SenderOptions {
  readonly url: string;
  /** Its first line is the bearer token, read anew for each post. */
  readonly tokenFile: string;
  /** Where the alerts can be looked at; the webhook carries it. */
  readonly externalUrl: string;
  readonly report: (line: string) => void;
}

/** One alert as the webhook carries it. */
interface SentAlert {
  readonly status: 'firing' | 'resolved';
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
  readonly fingerprint: string;
}

interface Group {
  readonly vm: string;
  readonly alerts: Map<string, SentAlert>;
  /** Of each alert the status that the receiver has taken. */
  readonly taken: Map<string, SentAlert['status']>;
  nextFlushMs: number;
  lastTakenMs: number;
  retryMs: number;
  isSending: boolean;
}

export class AlertSender {
  readonly #options: SenderOptions;
  readonly #groups = new Map<string, Group>();
  #lastFailure: string | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Takes what fires now, and posts what is due. What fired before and is not among it is resolved. */
  update(nowMs: number, firing: readonly ActiveAlert[]): void {
    const alerts = firing.map((alert) => this.#firing(alert));
    for (const alert of alerts) {
      const group = this.#groupOf(alert.labels['vm'] ?? '', nowMs);
      group.alerts.set(alert.fingerprint, alert);
    }
    const fires = new Set(alerts.map(({ fingerprint }) => fingerprint));
    for (const group of this.#groups.values()) {
      for (const [fingerprint, alert] of group.alerts) {
        if (fires.has(fingerprint) || alert.status === 'resolved') continue;
        group.alerts.set(fingerprint, { ...alert, status: 'resolved', endsAt: new Date().toISOString() });
      }
      if (nowMs >= group.nextFlushMs && !group.isSending) void this.#flush(group, nowMs);
    }
  }

  #groupOf(vm: string, nowMs: number): Group {
    const known = this.#groups.get(vm);
    if (known) return known;
    const group: Group = {
      vm,
      alerts: new Map(),
      taken: new Map(),
      nextFlushMs: nowMs + sendingTimes.groupWaitMs,
      lastTakenMs: -Infinity,
      retryMs: firstRetryMs,
      isSending: false,
    };
    this.#groups.set(vm, group);
    return group;
  }

  #firing(alert: ActiveAlert): SentAlert {
    const labels = labelsOf(alert);
    return {
      status: 'firing',
      labels,
      annotations: annotationsOf(alert),
      startsAt: (alert.firedAt ?? alert.activeAt).toISOString(),
      endsAt: never,
      generatorURL: this.#options.externalUrl,
      fingerprint: createHash('sha256').update(JSON.stringify(labels)).digest('hex').slice(0, 16),
    };
  }

  async #flush(group: Group, nowMs: number): Promise<void> {
    for (const [fingerprint, { status }] of group.alerts) {
      // Nobody was told that it began: nobody needs to know that it is over.
      if (status === 'resolved' && group.taken.get(fingerprint) === undefined)
        group.alerts.delete(fingerprint);
    }
    const alerts = [...group.alerts.values()];
    if (alerts.length === 0) {
      this.#groups.delete(group.vm);
      return;
    }
    group.nextFlushMs = nowMs + sendingTimes.groupIntervalMs;
    const isNews = alerts.some(({ fingerprint, status }) => group.taken.get(fingerprint) !== status);
    if (!isNews && nowMs - group.lastTakenMs < sendingTimes.repeatIntervalMs) return;
    group.isSending = true;
    const failure = await this.#post(group.vm, alerts);
    group.isSending = false;
    if (failure !== undefined) {
      group.nextFlushMs = nowMs + group.retryMs;
      group.retryMs = Math.min(group.retryMs * 2, sendingTimes.groupIntervalMs);
      if (failure !== this.#lastFailure) this.#options.report(`alert not taken, tried again: ${failure}`);
      this.#lastFailure = failure;
      return;
    }
    this.#lastFailure = undefined;
    group.retryMs = firstRetryMs;
    group.lastTakenMs = nowMs;
    for (const { fingerprint, status } of alerts) {
      group.taken.set(fingerprint, status);
      if (status === 'resolved' && group.alerts.get(fingerprint)?.status === 'resolved') {
        group.alerts.delete(fingerprint);
        group.taken.delete(fingerprint);
      }
    }
  }

  /** @returns why it was not taken */
  async #post(vm: string, alerts: readonly SentAlert[]): Promise<string | undefined> {
    const { url, tokenFile, externalUrl, report } = this.#options;
    const status = alerts.some((alert) => alert.status === 'firing') ? 'firing' : 'resolved';
    const groupLabels = { alertname: 'DroverVmStarved', vm };
    const body = {
      version: '4',
      groupKey: `{}/{alertname=~"Drover.*"}:{alertname="DroverVmStarved", vm="${vm}"}`,
      truncatedAlerts: 0,
      status,
      receiver: 'drover',
      groupLabels,
      commonLabels: alerts.length === 1 ? alerts[0]?.labels : groupLabels,
      commonAnnotations: alerts.length === 1 ? alerts[0]?.annotations : {},
      externalURL: externalUrl,
      alerts,
    };
    try {
      const token = readFileSync(tokenFile, 'utf8').split('\n')[0] ?? '';
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(answerWithinMs),
      });
      const text = await response.text();
      if (!response.ok) return `${url} answered ${response.status}: ${text.slice(0, 200)}`;
      report(`${status} DroverVmStarved ${vm}: ${text.slice(0, 500)}`);
      return undefined;
    } catch (error) {
      const { cause } = error as { cause?: { code?: string } };
      return `${url}: ${cause?.code ?? (error as Error).message}`;
    }
  }
}
