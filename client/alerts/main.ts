#!/usr/bin/env node
/**
 * The alert receiver, a process of its own.
 *
 *     node client/alerts/main.ts --settings drover.yaml
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { readSettings, SettingsError } from '../../settings/read.ts';
import { readSecret } from '../../settings/secrets.ts';
import type { Settings } from '../../settings/schema.ts';
import { Drover } from '../drover.ts';
import { createAlertMetrics } from './metrics.ts';
import { createReceiver } from './receiver.ts';
import { createServerOf } from './server.ts';

type AlertSettings = NonNullable<Settings['alerts']>;

function main(): void {
  const { values } = parseArgs({ options: { settings: { type: 'string' } } });
  if (!values.settings)
    throw new SettingsError('alert receiver', [{ path: '', message: 'needs --settings FILE' }]);
  const settings = readSettings(values.settings, { needsSecrets: ['alerts', 'codec'] });
  const { alerts } = settings;
  if (!alerts)
    throw new SettingsError(values.settings, [
      { path: 'alerts', message: 'is missing: it says where to listen' },
    ]);

  const drover = connector(settings);
  const app = createReceiver({
    drover,
    token: () => readSecret(tokenReference(alerts)),
    tokenKey: alerts.tokenFile === undefined ? 'alerts.tokenEnv' : 'alerts.tokenFile',
    routes: alerts.routes,
    metrics: createAlertMetrics({
      version: versionOfDrover(),
      standing: async () => await (await drover()).standing(),
    }),
    log: (line) => console.error(`alert receiver: ${line}`),
  });
  const at = alerts.listen.lastIndexOf(':');
  const server = createServerOf(app);
  server.listen(Number(alerts.listen.slice(at + 1)), alerts.listen.slice(0, at).replace(/^\[|\]$/g, ''), () =>
    console.log(`alert receiver: http://${alerts.listen}/alerts`),
  );
  server.on('error', (error) => {
    console.error(`alert receiver: can't listen on ${alerts.listen} (alerts.listen): ${error.message}`);
    process.exit(1);
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => server.close(() => process.exit(0)));
  }
}

function versionOfDrover(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}

function tokenReference(alerts: AlertSettings): string | { file: string } {
  if (alerts.tokenFile !== undefined) return { file: alerts.tokenFile };
  if (alerts.tokenEnv !== undefined) return alerts.tokenEnv;
  throw new Error('the settings were checked to name a token');
}

/** One connection for all requests; after a failure the next request tries anew. */
function connector(settings: Settings): () => Promise<Drover> {
  let connected: Promise<Drover> | undefined;
  return () => {
    connected ??= Drover.connect(settings, { timeoutMs: 3000 }).catch((error: unknown) => {
      connected = undefined;
      throw error;
    });
    return connected;
  };
}

try {
  main();
} catch (error) {
  console.error(error instanceof SettingsError ? error.message : error);
  process.exit(1);
}
