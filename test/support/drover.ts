/** Drover on the shared lab, as an operator runs it, for one test file; and its histories, for the replay tests. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { startDrover, type RunningDrover } from '../../demo/drover-process.ts';
import { readSettings } from '../../settings/read.ts';
import { sharedLab } from './lab.ts';

export const historiesFolder = join(import.meta.dirname, '..', 'replay', 'histories');

export function startSharedDrover(): Promise<RunningDrover> {
  return startDrover(sharedLab().droverYamlPath);
}

/** A plain Temporal client, for what a person could do past Drover's own library. */
export async function temporalClient(): Promise<Client> {
  const { temporal } = readSettings(sharedLab().droverYamlPath);
  return new Client({
    connection: await Connection.connect({ address: `127.0.0.1:${temporal.embedded.port}` }),
  });
}

/** A history as it is kept: stacks of failures name files of the clone, wherever that is. */
export function historyText(history: Parameters<typeof historyToJSON>[0]): string {
  const root = join(import.meta.dirname, '..', '..');
  return `${historyToJSON(history).replaceAll(`${root}/`, '')}\n`;
}

/** With RECORD_HISTORIES=1, keeps the history of a real run for the replay tests. */
export async function record(client: Client, name: string, workflowId: string): Promise<void> {
  if (process.env['RECORD_HISTORIES'] !== '1') return;
  const history = await client.workflow.getHandle(workflowId).fetchHistory();
  mkdirSync(historiesFolder, { recursive: true });
  writeFileSync(join(historiesFolder, `${name}.json`), historyText(history));
}

/** The process id of one of Drover's parts, as `drover up` recorded it. */
export function pidOf(part: string): number {
  const folder = join(sharedLab().folder, 'drover', 'run');
  const file = readdirSync(folder).find((name) => name.startsWith(part) && name.endsWith('.json'));
  if (!file) throw new Error(`no record of ${part} in ${folder}: ${readdirSync(folder).join(', ')}`);
  return (JSON.parse(readFileSync(join(folder, file), 'utf8')) as { pid: number }).pid;
}
