#!/usr/bin/env node
/**
 * The Temporal worker, a process of its own.
 *
 *     node worker/main.ts --settings drover.yaml [--datacenter NAME]...
 */
import { parseArgs } from 'node:util';
import { readSettings, SettingsError } from '../settings/read.ts';
import type { Settings } from '../settings/schema.ts';
import { createLogger } from './logger.ts';
import { runWorker } from './run-worker.ts';

/** In seconds: a copy takes from one to hours, a VM stands still for parts of one. */
const histogramBucketOverrides = {
  drover_migration_duration_seconds: [1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600],
  drover_migration_downtime_seconds: [0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1, 2, 5, 10],
};

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { settings: { type: 'string' }, datacenter: { type: 'string', multiple: true } },
  });
  if (!values.settings) throw new SettingsError('worker', [{ path: '', message: 'needs --settings FILE' }]);
  const settings = readSettings(values.settings, { needsSecrets: ['codec'] });
  const datacenters = chooseDatacenters(settings, values.datacenter);
  const log = createLogger('worker');
  await runWorker({
    settings,
    datacenters,
    log,
    runtime: {
      logger: log.forTemporal,
      telemetryOptions: {
        metrics: { prometheus: { bindAddress: settings.metrics.worker, histogramBucketOverrides } },
      },
    },
  });
}

function chooseDatacenters(settings: Settings, wanted: readonly string[] | undefined): string[] {
  const known = [...new Set(Object.values(settings.clusters).map(({ datacenter }) => datacenter))];
  for (const name of wanted ?? []) {
    if (!known.includes(name)) throw new Error(`--datacenter ${name}: the settings name ${known.join(', ')}`);
  }
  return wanted ? [...wanted] : known;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof SettingsError ? error.message : `drover worker: ${(error as Error).stack}`);
  process.exit(1);
}
