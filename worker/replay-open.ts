#!/usr/bin/env node
/**
 * What this version's workflows make of what is open now: the histories of running operations and records are fetched
 * from Temporal and replayed, without touching anything. For `drover check --open`, before an upgrade.
 *
 *     node worker/replay-open.ts --settings drover.yaml
 */
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, Runtime, Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { recordWorkflows, taskQueue } from '../model/operations.ts';
import { readSettings } from '../settings/read.ts';
import type { Settings } from '../settings/schema.ts';
import { dataConverterOf } from '../settings/data-converter.ts';
import { temporalTarget } from '../settings/temporal.ts';
import { workflowsPath } from './run-worker.ts';

/** What was found. */
export interface OpenReplayed {
  readonly operations: number;
  readonly records: number;
  /** Records above the limit, which were not looked at. */
  readonly recordsLeftOut: number;
  /** With this version their next task would fail, again and again, until a version that fits runs. */
  readonly wouldNotGoOn: readonly { readonly workflowId: string; readonly why: string }[];
}

/** Records are alike: so many of each kind are looked at, some tens of milliseconds each. */
const mostRecordsOfAKind = 200;

/** @param workflows default: this version's */
export async function replayOpen(
  settings: Pick<Settings, 'temporal'>,
  workflows: { readonly workflowBundle: WorkflowBundleOption } | { readonly workflowsPath: string } = {
    workflowsPath,
  },
): Promise<OpenReplayed> {
  const { connectConfig, namespace } = temporalTarget(settings);
  const dataConverter = dataConverterOf(settings);
  const connection = await Connection.connect(connectConfig);
  try {
    const { workflow } = new Client({ connection, namespace, dataConverter });
    const running = `ExecutionStatus = 'Running' AND TaskQueue = '${taskQueue}'`;
    const types = Object.values(recordWorkflows);
    const ofOperations = `${running} AND WorkflowType NOT IN (${types.map((type) => `'${type}'`).join(', ')})`;
    const counts = { operations: 0, records: 0, recordsLeftOut: 0 };
    const wouldNotGoOn: { workflowId: string; why: string }[] = [];
    const replay = async (query: string, most = Infinity): Promise<number> => {
      let replayed = 0;
      const histories = workflow.list({ query }).intoHistories({ concurrency: 10 });
      for await (const { workflowId, error } of Worker.runReplayHistories(
        { ...workflows, dataConverter },
        firstOf(histories, most),
      )) {
        replayed++;
        if (error) wouldNotGoOn.push({ workflowId, why: error.message });
      }
      return replayed;
    };
    counts.operations = await replay(ofOperations);
    for (const type of types) {
      const query = `${running} AND WorkflowType = '${type}'`;
      const replayed = await replay(query, mostRecordsOfAKind);
      counts.records += replayed;
      counts.recordsLeftOut += Math.max(0, (await workflow.count(query)).count - replayed);
    }
    return { ...counts, wouldNotGoOn };
  } finally {
    await connection.close();
  }
}

async function* firstOf<T>(all: AsyncIterable<T>, most: number): AsyncGenerator<T> {
  let taken = 0;
  for await (const one of all) {
    if (++taken > most) return;
    yield one;
  }
}

/** In sentences; the last says what to do. */
export function openReplayedText({
  operations,
  records,
  recordsLeftOut,
  wouldNotGoOn,
}: OpenReplayed): string {
  const leftOut = recordsLeftOut > 0 ? `; ${recordsLeftOut} more records, alike, were left out` : '';
  const looked = `${operations} operations and ${records} records are open and were replayed${leftOut}.`;
  if (wouldNotGoOn.length === 0) return `${looked} All of them go on with this version.`;
  return [
    looked,
    ...wouldNotGoOn.map(({ workflowId, why }) => `  ${workflowId} would not go on: ${why.split('\n')[0]}`),
    `${wouldNotGoOn.length} would stand still with this version until an earlier one runs again. Let the operations end first (drover get operations), or keep a worker of the earlier version until they have.`,
  ].join('\n');
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { settings: { type: 'string' }, json: { type: 'boolean' } } });
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const found = await replayOpen(readSettings(values.settings ?? ''));
  console.log(values.json ? JSON.stringify(found) : openReplayedText(found));
  process.exitCode = found.wouldNotGoOn.length > 0 ? 1 : 0;
}
