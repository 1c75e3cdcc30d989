/** A Temporal worker of Drover's: the workflows, and the activities of the datacenters that it is near to. */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { ScheduleClient } from '@temporalio/client';
import {
  NativeConnection,
  Runtime,
  Worker,
  type RuntimeOptions,
  type WorkerInterceptors,
  type WorkerOptions,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import { createActivities, createHostActivities } from '../activities/activities.ts';
import {
  createDoctorActivities,
  createDoctorHostActivities,
} from '../activities/doctor/doctor-activities.ts';
import { driverByScheme } from '../activities/hosts/driver-by-scheme.ts';
import { Hosts } from '../activities/hosts/hosts.ts';
import { createRecordActivities } from '../activities/records/create-record-activities.ts';
import { tellUnknownOnce } from '../activities/hosts/unknown-refusals.ts';
import { connectionTrouble } from '../client/connection-trouble.ts';
import { datacenterTaskQueue, taskQueue } from '../model/operations.ts';
import type { Settings } from '../settings/schema.ts';
import { dataConverterOf } from '../settings/data-converter.ts';
import { temporalTarget, type TemporalTarget } from '../settings/temporal.ts';
import { doctorSiteOf } from './doctor-site.ts';
import type { Logger } from './logger.ts';
import { prepareNamespace } from './namespace.ts';
import { logOrders } from './order-log.ts';
import { scheduleSurvey } from './schedules.ts';
import { siteOf } from './site.ts';
import { searchAttributeTypes } from './temporal-server/search-attributes.ts';

export interface WorkerSetup {
  readonly settings: Settings;
  /** Whose hosts it touches. */
  readonly datacenters: readonly string[];
  /** Without `record`, orders to hosts are not logged. */
  readonly log: Pick<Logger, 'info' | 'warn'> & Partial<Pick<Logger, 'record'>>;
  /** Of Temporal's runtime, which this process has one of; default: its own. */
  readonly runtime?: Pick<RuntimeOptions, 'logger' | 'telemetryOptions'>;
  /** Default: the workflows are bundled anew, which takes seconds. */
  readonly workflowBundle?: WorkflowBundleOption;
  /** Default: none. */
  readonly interceptors?: WorkerInterceptors;
}

export const workflowsPath = fileURLToPath(new URL('../workflows/index.ts', import.meta.url));
/** What every workflow is run within. */
export const workflowModules = [fileURLToPath(new URL('../workflows/count-endings.ts', import.meta.url))];

/**
 * Works until the process is asked to end (SIGINT, SIGTERM). What touches hosts ends first, while the records still
 * answer: a VM that is about to switch over does so, and does not wait halted for the next worker.
 * @throws TemporalConfigError for a key of the codec that can't be read; Error when the namespace lacks search
 *   attributes that it can't register
 */
export async function runWorker(setup: WorkerSetup): Promise<void> {
  const { settings, log, datacenters } = setup;
  Runtime.install({ ...setup.runtime, shutdownSignals: [] });
  const askedToEnd = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  const target = temporalTarget(settings);
  const dataConverter = dataConverterOf(settings);
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

  const onRefusal = tellUnknownOnce((line) => log.warn(line));
  const hosts = new Hosts(
    siteOf(settings),
    driverByScheme({
      keepaliveSeconds: settings.keepaliveSeconds,
      tls: settings.tls,
      ssh: settings.ssh,
      onRefusal,
    }),
    log.record && logOrders(log.record),
  );
  const doctorSite = doctorSiteOf(settings, hosts);
  const common: Omit<WorkerOptions, 'taskQueue'> = {
    connection,
    namespace: target.namespace,
    dataConverter,
    // Progress is read from heartbeats: they must not be held back for most of the heartbeat timeout.
    maxHeartbeatThrottleInterval: '500ms',
    defaultHeartbeatThrottleInterval: '500ms',
    // A workflow in the memory of a worker that was killed is handed to another one after this long, not after 10 s.
    stickyQueueScheduleToStartTimeout: '1s',
    // One in memory takes a MiB, one that is not is replayed for each question, some tens of milliseconds (`npm run
    // bench:records`). By Temporal's default there would be 2,300, and a worker would need more with each VM.
    maxCachedWorkflows: 300,
    // Moves that are about to switch over, and checks, have this long to end; then moves let go of their job.
    shutdownGraceTime: '5s',
    interceptors: { ...setup.interceptors, ...(setup.workflowBundle ? {} : { workflowModules }) },
  };
  const [drover, ...ofDatacenters] = await Promise.all([
    Worker.create({
      ...common,
      taskQueue,
      ...(setup.workflowBundle ? { workflowBundle: setup.workflowBundle } : { workflowsPath }),
      activities: {
        ...createActivities(hosts),
        ...createRecordActivities(),
        ...createDoctorActivities(doctorSite, {
          retentionDays: settings.temporal.retentionDays,
          searchAttributes: searchAttributeTypes,
        }),
      },
    }),
    ...datacenters.map((datacenter) =>
      Worker.create({
        ...common,
        taskQueue: datacenterTaskQueue(datacenter),
        // A move holds its slot for the minutes of its copy and does little: with Temporal's default, a hundred of
        // them would keep checks and listings waiting.
        maxConcurrentActivityTaskExecutions: 1000,
        activities: { ...createHostActivities(hosts), ...createDoctorHostActivities(doctorSite) },
      }),
    ),
  ]);
  await planSurveys(
    new ScheduleClient({ connection, namespace: target.namespace, dataConverter }),
    settings,
    log,
  );
  log.info(`works on ${target.address}, namespace ${target.namespace}, for ${datacenters.join(', ')}`);
  void askedToEnd.then(() => ofDatacenters.forEach((worker) => worker.shutdown()));
  await drover.runUntil(Promise.all([askedToEnd, ...ofDatacenters.map((worker) => worker.run())]));
  await connection.close();
}

/** A worker that may not make schedules works all the same. */
async function planSurveys(
  schedules: ScheduleClient,
  { survey }: Settings,
  log: Pick<Logger, 'warn'>,
): Promise<void> {
  try {
    await scheduleSurvey(schedules, survey.everyMinutes);
  } catch (error) {
    log.warn(
      `no survey keeps the records up to date, its schedule can't be made: ${(error as Error).message}`,
    );
  }
}

/** Waits for Temporal as long as it takes: whoever supervises starts both at once, in any order. */
async function connect(target: TemporalTarget, log: Pick<Logger, 'warn'>): Promise<NativeConnection> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await NativeConnection.connect(target.connectConfig);
    } catch (error) {
      if (attempt % 20 === 0) {
        const trouble = (await connectionTrouble(target, error)) ?? (error as Error).message;
        log.warn(`waits for Temporal at ${target.address}: ${trouble}`);
      }
      await pause(500);
    }
  }
}
