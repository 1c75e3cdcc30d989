#!/usr/bin/env node
/**
 * The Temporal worker, a process of its own: runs the workflows, and the activities of the datacenters that it is
 * near to.
 *
 *     node worker/main.ts --settings drover.yaml [--datacenter NAME]...
 */
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import { createActivities, createHostActivities } from '../activities/activities.ts';
import { Hosts } from '../activities/hosts/hosts.ts';
import { driverByScheme } from '../activities/hosts/driver-by-scheme.ts';
import { datacenterTaskQueue, taskQueue } from '../model/operations.ts';
import { readSettings, SettingsError } from '../settings/read.ts';
import type { Settings } from '../settings/schema.ts';
import { temporalTarget, type TemporalTarget } from '../settings/temporal.ts';
import { createLogger, type Logger } from './logger.ts';
import { prepareNamespace } from './namespace.ts';
import { siteOf } from './site.ts';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { settings: { type: 'string' }, datacenter: { type: 'string', multiple: true } },
  });
  if (!values.settings) throw new SettingsError('worker', [{ path: '', message: 'needs --settings FILE' }]);
  const settings = readSettings(values.settings);
  const datacenters = chooseDatacenters(settings, values.datacenter);
  const log = createLogger('worker');
  Runtime.install({
    logger: log.forTemporal,
    telemetryOptions: { metrics: { prometheus: { bindAddress: settings.metrics.worker } } },
  });

  const target = temporalTarget(settings);
  const connection = await connect(target, log);
  const { missingAttributes } = await prepareNamespace(connection, {
    namespace: target.namespace,
    retentionDays: settings.temporal.retentionDays,
    report: (line) => log.info(line),
  });
  if (missingAttributes.length > 0) {
    throw new Error(
      `the namespace ${target.namespace} lacks the search attributes ${missingAttributes.join(', ')}, without which operations can't start: see the commands above`,
    );
  }

  const hosts = new Hosts(siteOf(settings), driverByScheme(settings));
  const common: Omit<WorkerOptions, 'taskQueue'> = {
    connection,
    namespace: target.namespace,
    // Progress is read from heartbeats: they must not be held back for most of the heartbeat timeout.
    maxHeartbeatThrottleInterval: '500ms',
    defaultHeartbeatThrottleInterval: '500ms',
    // Moves let go of their job at once; checks have this long to end.
    shutdownGraceTime: '5s',
  };
  const workers = await Promise.all([
    Worker.create({
      ...common,
      taskQueue,
      workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)),
      activities: { ...createActivities(hosts) },
    }),
    ...datacenters.map((datacenter) =>
      Worker.create({
        ...common,
        taskQueue: datacenterTaskQueue(datacenter),
        activities: { ...createHostActivities(hosts) },
      }),
    ),
  ]);
  log.info(`works on ${target.address}, namespace ${target.namespace}, for ${datacenters.join(', ')}`);
  await Promise.all(workers.map((worker) => worker.run()));
  await connection.close();
}

function chooseDatacenters(settings: Settings, wanted: readonly string[] | undefined): string[] {
  const known = [...new Set(Object.values(settings.clusters).map(({ datacenter }) => datacenter))];
  for (const name of wanted ?? []) {
    if (!known.includes(name)) throw new Error(`--datacenter ${name}: the settings name ${known.join(', ')}`);
  }
  return wanted ? [...wanted] : known;
}

/** Waits for Temporal as long as it takes: whoever supervises starts both at once, in any order. */
async function connect(target: TemporalTarget, log: Logger): Promise<NativeConnection> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await NativeConnection.connect(target.connectConfig);
    } catch (error) {
      if (attempt % 20 === 0)
        log.warn(`waits for Temporal at ${target.address}: ${(error as Error).message}`);
      await pause(500);
    }
  }
}

try {
  await main();
} catch (error) {
  console.error(error instanceof SettingsError ? error.message : `drover worker: ${(error as Error).stack}`);
  process.exit(1);
}
