/**
 * The alert receiver: `POST /alerts` takes Alertmanager's webhook and starts operations, `GET /healthz`, `/readyz`
 * and `/metrics` tell how it does. An answer of 202 comes after the start is durable; 5xx makes Alertmanager try
 * again, and a second try of the same episode joins the first. What is in hand at one time is bounded; what is more is
 * answered 503.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { Hono, type Context, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { AlertRoute } from '../../settings/schema.ts';
import type { Drover } from '../drover.ts';
import { TemporalUnreachable } from '../errors.ts';
import { askHolders } from './holders.ts';
import { defaultMostInHand, InHand, type MostInHand } from './in-hand.ts';
import type { AlertMetrics, Rejection } from './metrics.ts';
import { takeAlerts } from './take-alerts.ts';
import { TemporalLink } from './temporal-link.ts';
import { Turns } from './turns.ts';
import { parseWebhook } from './webhook.ts';

export interface ReceiverOptions {
  /** A connection that works, made anew when there is none. @throws TemporalUnreachable */
  readonly drover: () => Promise<Drover>;
  /** The bearer token, read anew for each request, so that it can be replaced while this runs. */
  readonly token: () => string;
  /** The key of the settings that names the token. */
  readonly tokenKey: 'alerts.tokenFile' | 'alerts.tokenEnv';
  readonly routes: readonly AlertRoute[];
  readonly metrics: AlertMetrics;
  /** For what goes wrong and can't be told to whoever asked. */
  readonly log: (line: string) => void;
  readonly mostInHand?: MostInHand;
}

/** A larger body is refused with 413. */
export const maxBodyBytes = 1024 * 1024;

/** Of so many VMs at a time Temporal is asked: its embedded server is no quicker with more. */
const vmsAtOnce = 32;

/** What Alertmanager is told to wait before it tries again; it has a schedule of its own. */
const retryAfter = { 'retry-after': '5' };

export function createReceiver(options: ReceiverOptions): Hono {
  const { drover, metrics, log } = options;
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
  app.post('/alerts', timed(metrics), authorized(options), inHand(options), sized(metrics), webhook(options));
  app.all('/alerts', (context) =>
    context.json({ error: `${context.req.method} is not allowed here: POST alerts` }, 405, { allow: 'POST' }),
  );
  app.notFound((context) => context.json({ error: 'POST /alerts, GET /healthz, /readyz or /metrics' }, 404));
  app.onError((error, context) => {
    log(`${context.req.method} ${context.req.path} failed: ${error.stack}`);
    return context.json({ error: 'failed: the log of the alert receiver says why' }, 500);
  });
  return app;
}

function timed(metrics: AlertMetrics): MiddlewareHandler {
  return async (context, next) => {
    const startedMs = performance.now();
    await next();
    metrics.answered(context.res.status, (performance.now() - startedMs) / 1000);
  };
}

function authorized({ token, tokenKey, metrics, log }: ReceiverOptions): MiddlewareHandler {
  return async (context, next) => {
    let expected: string;
    try {
      expected = token();
    } catch (error) {
      log(`${tokenKey} ${(error as Error).message}`);
      return rejected(
        metrics,
        'tokenUnreadable',
        context.json({ error: `${tokenKey} can't be read: the receiver's log says why` }, 503, retryAfter),
      );
    }
    if (isAuthorized(context.req.header('authorization'), expected)) return next();
    return rejected(
      metrics,
      'unauthorized',
      context.json({ error: `send the token of ${tokenKey} as "Authorization: Bearer TOKEN"` }, 401, {
        'www-authenticate': 'Bearer',
      }),
    );
  };
}

/** Before a byte of the body is read: what is not in hand takes no memory. */
function inHand({ metrics, mostInHand = defaultMostInHand }: ReceiverOptions): MiddlewareHandler {
  const hand = new InHand(mostInHand);
  return async (context, next) => {
    const length = Number(context.req.header('content-length'));
    const isKnown = Number.isFinite(length) && context.req.header('transfer-encoding') === undefined;
    const letGo = hand.take(isKnown ? Math.min(length, maxBodyBytes) : maxBodyBytes);
    if (!letGo) {
      return rejected(
        metrics,
        'busy',
        context.json(
          { error: `${hand.requests} webhooks are in hand already: send this one again` },
          503,
          retryAfter,
        ),
      );
    }
    try {
      return await next();
    } finally {
      letGo();
    }
  };
}

function sized(metrics: AlertMetrics): MiddlewareHandler {
  const error = `the body is larger than ${maxBodyBytes} bytes: have Alertmanager group by more labels`;
  return bodyLimit({
    maxSize: maxBodyBytes,
    onError: (context) => rejected(metrics, 'tooLarge', context.json({ error }, 413)),
  });
}

function webhook({ drover, routes, metrics, log }: ReceiverOptions): (context: Context) => Promise<Response> {
  const shared = {
    temporal: new TemporalLink(drover),
    routes,
    holderOf: askHolders(),
    turns: new Turns(vmsAtOnce),
    onHandled: metrics.handled,
  };
  return async (context) => {
    const read = parseWebhook(await context.req.text());
    if ('error' in read) return rejected(metrics, 'malformed', context.json(read, 400));
    metrics.received(read.alerts.length);
    metrics.leftOut(read.truncatedAlerts);
    const { signal } = context.req.raw;
    try {
      return context.json({ alerts: await takeAlerts(read.alerts, { ...shared, signal }) }, 202);
    } catch (error) {
      if (signal.aborted) return rejected(metrics, 'abandoned', context.body(null, 503));
      const isAway = error instanceof TemporalUnreachable;
      if (!isAway) log(`an alert of ${JSON.stringify(read.groupKey)} failed: ${(error as Error).stack}`);
      return rejected(
        metrics,
        isAway ? 'unavailable' : 'failed',
        context.json({ error: (error as Error).message }, 503, retryAfter),
      );
    }
  };
}

function rejected(metrics: AlertMetrics, why: Rejection, answer: Response): Response {
  metrics.rejected(why);
  return answer;
}

function isAuthorized(header: string | undefined, token: string): boolean {
  // Digests of equal length, so that the time tells nothing of the token.
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(header ?? ''), digest(`Bearer ${token}`));
}
