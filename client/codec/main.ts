#!/usr/bin/env node
/**
 * The codec endpoint, a process of its own.
 *
 *     node client/codec/main.ts --settings drover.yaml
 */
import { parseArgs } from 'node:util';
import { serve } from '@hono/node-server';
import { codecOf } from '../../settings/data-converter.ts';
import { readSettings, SettingsError } from '../../settings/read.ts';
import { readSecret } from '../../settings/secrets.ts';
import { createEndpoint } from './endpoint.ts';

function main(): void {
  const { values } = parseArgs({ options: { settings: { type: 'string' } } });
  if (!values.settings)
    throw new SettingsError('codec endpoint', [{ path: '', message: 'needs --settings FILE' }]);
  const settings = readSettings(values.settings, { needsSecrets: ['codec', 'codecEndpoint'] });
  const { codec, embedded, uiUrl } = settings.temporal;
  const endpoint = codec?.endpoint;
  if (!endpoint)
    throw new SettingsError(values.settings, [
      { path: 'temporal.codec.endpoint', message: 'is missing: it says where to listen' },
    ]);

  const app = createEndpoint({
    codec: codecOf(settings),
    token: () => readSecret(endpoint.token),
    origins: [
      `http://127.0.0.1:${embedded.uiPort}`,
      `http://localhost:${embedded.uiPort}`,
      ...(uiUrl === undefined ? [] : [new URL(uiUrl).origin]),
      ...endpoint.origins,
    ],
  });
  const at = endpoint.listen.lastIndexOf(':');
  const server = serve(
    {
      fetch: app.fetch,
      hostname: endpoint.listen.slice(0, at).replace(/^\[|\]$/g, ''),
      port: Number(endpoint.listen.slice(at + 1)),
    },
    () => console.log(`codec endpoint: http://${endpoint.listen}`),
  );
  server.on('error', (error) => {
    console.error(
      `codec endpoint: can't listen on ${endpoint.listen} (temporal.codec.endpoint.listen): ${error.message}`,
    );
    process.exit(1);
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => server.close(() => process.exit(0)));
  }
}

try {
  main();
} catch (error) {
  console.error(error instanceof SettingsError ? error.message : error);
  process.exit(1);
}
