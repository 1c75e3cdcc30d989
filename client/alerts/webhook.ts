/** The body of Alertmanager's webhook, version 4: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config */
import { z } from 'zod';

/** Later versions of Alertmanager add fields; what Drover does not read may be anything. */
export const WebhookAlert = z.looseObject({
  status: z.enum(['firing', 'resolved']),
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()).default({}),
  startsAt: z.iso.datetime({ offset: true }),
  fingerprint: z.string().regex(/^[0-9a-f]{1,64}$/, 'must be hexadecimal digits'),
});
export type WebhookAlert = z.infer<typeof WebhookAlert>;

export const Webhook = z.looseObject({
  version: z.literal('4'),
  groupKey: z.string(),
  status: z.enum(['firing', 'resolved']),
  alerts: z.array(WebhookAlert),
});
export type Webhook = z.infer<typeof Webhook>;
