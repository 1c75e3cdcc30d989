/**
 * The alert receiver: `POST /alerts` takes Alertmanager's webhook and starts operations, `GET /healthz`, `/readyz`
 * and `/metrics` tell how it does. An answer of 202 comes after the start is durable; 503 makes Alertmanager try
 * again, and a second try of the same episode joins the first.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { AlertAnswer } from '../../model/alerts.ts';
import { plainIssue } from '../../model/plain-issue.ts';
import type { AlertRoute } from '../../settings/schema.ts';
import type { Drover } from '../drover.ts';
import type { Operation } from '../operation.ts';
import { TemporalUnreachable, WorkersSilent } from '../errors.ts';
import type { AlertMetrics } from './metrics.ts';
import { requestOf } from './routing.ts';
import { Webhook, type WebhookAlert } from './webhook.ts';

export interface ReceiverOptions {
  /** A connection that works, made anew when there is none. @throws TemporalUnreachable */
  readonly drover: () => Promise<Drover>;
  /** The bearer token, read anew for each request, so that it can be replaced while this runs. */
  readonly token: () => string;
  /** The key of the settings that names the token. */
  readonly tokenKey: 'alerts.tokenFile' | 'alerts.tokenEnv';
  readonly routes: readonly AlertRoute[];
  readonly metrics: AlertMetrics;
}

/** How long the workers may take to say who acts on a VM, before the alert's operation is started without that. */
const holderWithinMs = 2000;

/** A larger body is refused with 413. */
export const maxBodyBytes = 1024 * 1024;

export function createReceiver({ drover, token, tokenKey, routes, metrics }: ReceiverOptions): Hono {
  const app = new Hono();
  app.get('/healthz', (context) => context.text('ok\n'));
  app.get('/readyz', async (context) => {
    try {
      await (await drover()).ping();
      return context.text('ready\n');
    } catch (error) {
      return context.text(`${(error as Error).message}\n`, 503);
    }
  });
  app.get('/metrics', async (context) =>
    context.text(await metrics.text(), 200, { 'content-type': metrics.contentType }),
  );

  app.post(
    '/alerts',
    async (context, next) => {
      if (!isAuthorized(context.req.header('authorization'), token())) {
        metrics.rejected('unauthorized');
        return context.json(
          { error: `send the token of ${tokenKey} as "Authorization: Bearer TOKEN"` },
          401,
          {
            'www-authenticate': 'Bearer',
          },
        );
      }
      return next();
    },
    bodyLimit({
      maxSize: maxBodyBytes,
      onError: (context) => {
        metrics.rejected('tooLarge');
        return context.json({ error: `the body is larger than ${maxBodyBytes} bytes` }, 413);
      },
    }),
    async (context) => {
      const webhook = parseWebhook(await context.req.text());
      if ('error' in webhook) {
        metrics.rejected('malformed');
        return context.json(webhook, 400);
      }
      try {
        const alerts: AlertAnswer[] = [];
        const connected = await drover();
        const holderOf = holders(connected);
        for (const alert of webhook.alerts) alerts.push(await take(alert, connected, routes, holderOf));
        for (const { result } of alerts) metrics.answered(result);
        return context.json({ alerts }, 202);
      } catch (error) {
        if (!(error instanceof TemporalUnreachable)) throw error;
        metrics.rejected('unavailable');
        return context.json({ error: error.message }, 503, { 'retry-after': '5' });
      }
    },
  );
  app.all('/alerts', (context) =>
    context.json({ error: `${context.req.method} is not allowed here: POST alerts` }, 405, { allow: 'POST' }),
  );
  app.notFound((context) => context.json({ error: 'POST /alerts, GET /healthz, /readyz or /metrics' }, 404));
  return app;
}

function isAuthorized(header: string | undefined, token: string): boolean {
  // Digests of equal length, so that the time tells nothing of the token.
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(header ?? ''), digest(`Bearer ${token}`));
}

function parseWebhook(text: string): Webhook | { error: string } {
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

/** Acts on one alert, joins what is under way, or says why not. */
async function take(
  alert: WebhookAlert,
  drover: Drover,
  routes: readonly AlertRoute[],
  holderOf: HolderOf,
): Promise<AlertAnswer> {
  const { fingerprint } = alert;
  const request = requestOf(alert, routes);
  if (request.kind !== 'start') return { fingerprint, result: request.kind, reason: request.reason };

  const holder = await holderOf(request.vm);
  if (holder) {
    return {
      fingerprint,
      result: 'joined',
      workflowId: holder.workflowId,
      reason: `${request.vm} is being worked on already`,
    };
  }
  // The episode names the operation, so that every repeat of it, at any time, is the same operation.
  const episode = `${fingerprint}-${new Date(alert.startsAt).toISOString()}`;
  const operation = await drover.start(request.operation, request.input, {
    workflowId: `migrate-vm/${request.vm}/alert-${episode}`,
    whenKnown: 'join',
    summary: request.input.reason ?? 'alert',
  });
  return operation.isNew
    ? { fingerprint, result: 'started', workflowId: operation.workflowId }
    : {
        fingerprint,
        result: 'joined',
        workflowId: operation.workflowId,
        reason: 'this episode of the alert started it',
      };
}

type HolderOf = (vm: string) => Promise<Operation | undefined>;

/**
 * Asks for the operation that acts on a VM. While no worker can say, none is joined: the start is durable, and the
 * operation looks again when there is a worker. Workers that are silent once are not asked again for the same webhook.
 */
function holders(drover: Drover): HolderOf {
  let areSilent = false;
  return async (vm) => {
    if (areSilent) return undefined;
    try {
      return await drover.holderOf(vm, { timeoutMs: holderWithinMs });
    } catch (error) {
      if (!(error instanceof WorkersSilent)) throw error;
      areSilent = true;
      return undefined;
    }
  };
}
