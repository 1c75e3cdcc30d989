/** Temporal and the workers, as Temporal tells of them. */
import type { Client } from '@temporalio/client';
import type { DoctorFinding } from '../../model/doctor.ts';
import { datacenterTaskQueue, taskQueue } from '../../model/operations.ts';
import { findingsOf } from './findings.ts';
import { judgeRetention, judgeSearchAttributes, judgeWorkers } from './judge-temporal.ts';
import { settled } from './site-examination.ts';
import { versionsFinding } from './tested-versions.ts';

/** What the settings and the code want of Temporal. */
export interface WantedTemporal {
  readonly retentionDays: number;
  /** Types of the search attributes by their names. */
  readonly searchAttributes: Readonly<Record<string, 'Keyword' | 'Bool'>>;
}

type QueueType = NonNullable<Parameters<Client['workflowService']['describeTaskQueue']>[0]['taskQueueType']>;
/** `temporal.api.enums.v1.TaskQueueType`, which no package that Drover depends on hands out. */
// oxlint-disable-next-line typescript/no-unsafe-enum-assignment
const queueTypes = { workflow: 1 as QueueType, activity: 2 as QueueType };
const secondsOfADay = 86_400;
/** A worker asks again within a minute; Temporal names it for five. */
const polledLatelyMs = 70_000;

export async function examineTemporal(
  client: Client,
  wanted: WantedTemporal,
  datacenters: readonly string[],
): Promise<DoctorFinding[]> {
  const { workflowService, operatorService } = client.connection;
  const namespace = client.options.namespace;
  const told = async (
    check: 'server' | 'retention' | 'searchAttributes',
    ask: () => Promise<DoctorFinding>,
  ): Promise<DoctorFinding> => {
    const answer = await settled(ask);
    return 'failed' in answer
      ? findingsOf('Temporal', check).notChecked(
          `it does not say: ${answer.failed}`,
          'a cluster of somebody else may not let Drover ask; look there yourself',
        )
      : answer.value;
  };
  const queues = [taskQueue, ...datacenters.map(datacenterTaskQueue)];
  return await Promise.all([
    told('server', async () => {
      const { serverVersion } = await workflowService.getSystemInfo({});
      return versionsFinding('Temporal', { 'Temporal server': serverVersion ?? '0' }, 'server');
    }),
    told('retention', async () => {
      const { config } = await workflowService.describeNamespace({ namespace });
      const days = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) / secondsOfADay;
      return judgeRetention(days, wanted.retentionDays, namespace);
    }),
    told('searchAttributes', async () => {
      const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
      return judgeSearchAttributes(customAttributes ?? {}, wanted.searchAttributes, namespace);
    }),
    ...queues.map(async (queue) => {
      const type = queue === taskQueue ? queueTypes.workflow : queueTypes.activity;
      const answer = await settled(() => pollersOf(client, queue, type));
      return 'failed' in answer
        ? findingsOf(`task queue ${queue}`, 'workers').notChecked(answer.failed)
        : judgeWorkers(queue, answer.value);
    }),
  ]);
}

async function pollersOf(client: Client, queue: string, taskQueueType: QueueType): Promise<string[]> {
  const { pollers } = await client.connection.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: queue },
    taskQueueType,
  });
  const since = Date.now() - polledLatelyMs;
  const lately = (pollers ?? []).filter(
    ({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000 >= since,
  );
  return [...new Set(lately.map(({ identity }) => identity ?? '?'))].toSorted();
}
