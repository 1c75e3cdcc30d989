/** The receiver's HTTP server: what it bears of whoever connects, before the receiver itself is asked. */
import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';

export interface ServerLimits {
  /** A request whose headers have not come by then is answered 408, and its connection closed. */
  readonly headersMs: number;
  /** The same for the whole request. */
  readonly requestMs: number;
  /** At one time; a further one is closed at once. */
  readonly connections: number;
}

/** Alertmanager sends a webhook within milliseconds; who takes so much longer only holds a connection (slow loris). */
export const defaultServerLimits: ServerLimits = { headersMs: 10_000, requestMs: 30_000, connections: 2000 };

/** Alertmanager keeps its connections; one that is closed just as it is used again costs it a try. */
const keepAliveMs = 120_000;

/** A server that does not listen yet. */
export function createServerOf(
  app: Hono,
  { headersMs, requestMs, connections }: ServerLimits = defaultServerLimits,
): Server {
  const server = createAdaptorServer({
    fetch: app.fetch,
    serverOptions: {
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      // How often Node looks for those that are late; by default it would be 30 s.
      connectionsCheckingInterval: Math.min(headersMs, 1000),
      keepAliveTimeout: keepAliveMs,
    },
  }) as Server;
  server.maxConnections = connections;
  return server;
}
