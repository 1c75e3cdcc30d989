/** The body of Alertmanager's webhook, version 4: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config */
import { z } from 'zod';
import { plainIssue } from '../../model/plain-issue.ts';

/** Later versions of Alertmanager add fields; what Drover does not read may be anything. */
export const WebhookAlert = z.looseObject({
  status: z.enum(['firing', 'resolved']),
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()).default({}),
  startsAt: z.iso.datetime({ offset: true }),
  /** Of one that is resolved: when it was over. */
  endsAt: z.iso.datetime({ offset: true }).optional(),
  fingerprint: z.string().regex(/^[0-9a-f]{1,64}$/, 'must be hexadecimal digits'),
});
export type WebhookAlert = z.infer<typeof WebhookAlert>;

export const Webhook = z.looseObject({
  version: z.literal('4'),
  groupKey: z.string(),
  status: z.enum(['firing', 'resolved']),
  alerts: z.array(WebhookAlert),
  /** How many Alertmanager left out because of `max_alerts`. */
  truncatedAlerts: z.int().min(0).default(0),
});
export type Webhook = z.infer<typeof Webhook>;

/** The webhook, or what is wrong with the text, in words for whoever sent it. */
export function parseWebhook(text: string): Webhook | { error: string } {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    return { error: `the body is no JSON: ${(error as Error).message}` };
  }
  const parsed = Webhook.safeParse(body);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues
    .slice(0, 5)
    .map((issue) => `${issue.path.join('.') || 'the body'}: ${plainIssue(issue)}`);
  return { error: `the body is no Alertmanager webhook (version 4): ${problems.join('; ')}` };
}
