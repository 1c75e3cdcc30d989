/** What the receiver counts: every alert ends as exactly one of started, joined, ignored or refused. */
import { Counter, Registry } from 'prom-client';
import type { AlertResult } from '../../model/alerts.ts';

export type Rejection = 'unauthorized' | 'tooLarge' | 'malformed' | 'unavailable';

export interface AlertMetrics {
  readonly contentType: string;
  answered(result: AlertResult): void;
  /** A whole request that was not taken. */
  rejected(why: Rejection): void;
  text(): Promise<string>;
}

export function createAlertMetrics(): AlertMetrics {
  const registry = new Registry();
  const alerts = new Counter({
    name: 'drover_alerts_received_total',
    help: 'Alerts taken, by what came of them.',
    labelNames: ['result'] as const,
    registers: [registry],
  });
  const requests = new Counter({
    name: 'drover_alert_requests_rejected_total',
    help: 'Webhook requests that were not taken, by the reason.',
    labelNames: ['reason'] as const,
    registers: [registry],
  });
  for (const result of ['started', 'joined', 'ignored', 'refused'] as const) alerts.inc({ result }, 0);
  for (const reason of ['unauthorized', 'tooLarge', 'malformed', 'unavailable'] as const)
    requests.inc({ reason }, 0);
  return {
    contentType: registry.contentType,
    answered: (result) => alerts.inc({ result }),
    rejected: (reason) => requests.inc({ reason }),
    text: () => registry.metrics(),
  };
}
