/**
 * `node test/replay/record.ts [NAME...]`: records the histories that the lab's tests do not come to, of real runs on the
 * simulated datacenter: every other ending of an operation, and records that went through all of it. Each scenario must
 * end as its name says, or nothing of it is kept. The lab's own: `RECORD_HISTORIES=1`, see CONTRIBUTING.md.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { waitFor } from '../../demo/traffic.ts';
import { hostRecordId, recordWorkflows, taskQueue, vmRecordId } from '../../model/operations.ts';
import { historiesFolder, historyText } from '../support/drover.ts';
import { Cell } from '../harness/cell.ts';
import { runScenario } from '../harness/run-scenario.ts';
import { Scenario, type PlacedFault } from '../harness/scenario.ts';

interface Recording {
  readonly name: string;
  readonly scenario: unknown;
  /** What an operation's ending must say; the last that does is kept. */
  readonly ends: RegExp;
  /** The VM record's and the target's history is kept too, under the names of these. */
  readonly records?: boolean;
  /** How long it may take; default 60,000. */
  readonly limitMs?: number;
  /** Only the VM record's history, up to its continue-as-new after so many events. */
  readonly continuesAfterEvents?: number;
  /** The workflow type of what is kept; default: `migrateVm`. One that was not asked for is found by its type. */
  readonly type?: 'settleVm';
}

const move = (input: object = {}) => ({ workflow: 'migrateVm', input: { vm: 'vm1', to: 'host2', ...input } });
const at = (kind: 'before' | 'start') => ({ kind });
const moment = (name: string) => ({ kind: 'migration', moment: name, nth: 1 });
const fault = (place: object, act: object): PlacedFault =>
  ({ name: 'recorded', at: place, act }) as PlacedFault;
const world = (what: object) => ({ kind: 'world', fault: what });

const recordings: readonly Recording[] = [
  {
    name: 'crashed',
    scenario: {
      operations: [move()],
      faults: [fault(moment('halfCopied'), world({ kind: 'crashGuest', vm: 'vm1' }))],
    },
    ends: /NeedsOperator.*crashed/,
  },
  {
    name: 'restarted-from-disk',
    scenario: {
      operations: [move()],
      faults: [
        fault(at('before'), world({ kind: 'migration', vm: 'vm1', losesLastReply: true })),
        fault({ kind: 'call', call: 'quit', nth: 1, phase: 'after' }, { kind: 'killWorker' }),
      ],
    },
    ends: /moved.*restarted from disk/,
    records: true,
  },
  {
    name: 'stayed-unproven',
    scenario: {
      operations: [move()],
      faults: [
        fault(at('before'), world({ kind: 'migration', vm: 'vm1', losesLastReply: true })),
        fault({ kind: 'call', call: 'quit', nth: 1, phase: 'before' }, { kind: 'refuse' }),
      ],
    },
    ends: /MigrationAborted/,
  },
  {
    name: 'paused',
    scenario: {
      operations: [move()],
      faults: [fault(at('before'), world({ kind: 'person', order: 'suspend', vm: 'vm1' }))],
    },
    ends: /moved.*left paused/,
  },
  {
    name: 'other-target',
    scenario: {
      operations: [move({ to: undefined })],
      faults: [
        fault(
          { kind: 'call', call: 'migrate', nth: 1, phase: 'before' },
          { kind: 'refuse', message: 'Cannot get interface MTU on br7' },
        ),
      ],
    },
    ends: /moved/,
  },
  {
    name: 'waited',
    scenario: {
      operations: [move({ bandwidthMiBps: 100 })],
      faults: [
        fault(moment('copying'), {
          kind: 'ask',
          operation: move({ to: 'host3', wait: true, rank: 'maintenance' }),
        }),
      ],
    },
    ends: /moved/,
    records: true,
  },
  {
    name: 'took-over',
    scenario: {
      operations: [move({ bandwidthMiBps: 100 })],
      faults: [
        fault(moment('halfCopied'), { kind: 'terminate' }),
        fault(moment('halfCopied'), { kind: 'ask', operation: move({ to: 'host3', wait: true }) }),
      ],
    },
    ends: /moved/,
  },
  {
    name: 'settled',
    scenario: {
      operations: [move({ bandwidthMiBps: 100 })],
      faults: [fault(moment('halfCopied'), { kind: 'terminate' })],
    },
    ends: /terminated/,
    type: 'settleVm',
  },
  {
    name: 'nothing-to-do',
    scenario: { operations: [{ workflow: 'settleVm', input: { vm: 'vm1' } }], faults: [] },
    ends: /nothingToDo/,
    type: 'settleVm',
  },
  {
    name: 'budget-spent',
    scenario: {
      operations: [move()],
      faults: [fault(at('before'), world({ kind: 'isolateHost', host: 'host1' }))],
    },
    ends: /BudgetSpent/,
    limitMs: 240_000,
  },
  {
    name: 'continued',
    scenario: { operations: [move()], faults: [] },
    ends: /moved/,
    continuesAfterEvents: 20,
  },
  {
    name: 'no-room',
    scenario: {
      datacenter: 'crowded',
      operations: [move({ to: 'host3' }), move({ vm: 'vm4', to: 'host3' })],
      faults: [],
    },
    ends: /CheckFailed/,
  },
];

async function main(wanted: readonly string[]): Promise<void> {
  mkdirSync(historiesFolder, { recursive: true });
  await using cell = await Cell.start();
  const { target } = await cell.drover();
  const connection = await Connection.connect({ address: target.address });
  const client = new Client({ connection });
  const keep = async (name: string, workflowId: string, runId?: string): Promise<void> => {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    writeFileSync(join(historiesFolder, `${name}.json`), historyText(history));
    console.log(`${name}: ${history.events?.length ?? 0} events`);
  };
  for (const recording of recordings) {
    const { name, scenario, ends, records = false, type, continuesAfterEvents } = recording;
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    // Records begin anew, so that each history is of its own scenario.
    await cell.renew();
    const began = new Date();
    const firstRun = continuesAfterEvents && (await startRecord(client, continuesAfterEvents));
    const played = Scenario.parse(scenario);
    const { endings, charges } = await runScenario(cell, played, { limitMs: recording.limitMs ?? 60_000 });
    const ending = endings.findLast((one) => ends.test(`${one.ending}: ${one.message}`));
    if (!ending || charges.length > 0) {
      const told = endings.map((one) => `${one.ending}: ${one.message}`);
      console.error(`${name} is not kept: ${JSON.stringify({ told, charges })}`);
      process.exitCode = 1;
      continue;
    }
    if (firstRun) {
      await keep(`vm-record-${name}`, vmRecordId('vm1'), firstRun);
      continue;
    }
    if (type) {
      const isAsked = played.operations.some(({ workflow }) => workflow === type);
      await keep(`settle-vm-${name}`, isAsked ? ending.workflowId : await newest(client, type, began));
      continue;
    }
    await keep(`migrate-vm-${name}`, ending.workflowId);
    if (!records) continue;
    await keep(`vm-record-${name}`, vmRecordId('vm1'));
    await keep(`host-record-${name}`, hostRecordId('host2'));
  }
  await connection.close();
}

/** @returns its first run */
async function startRecord(client: Client, mostEvents: number): Promise<string> {
  const { firstExecutionRunId } = await client.workflow.start(recordWorkflows.vm, {
    workflowId: vmRecordId('vm1'),
    taskQueue,
    args: [{ vm: 'vm1', mostEvents }],
  });
  return firstExecutionRunId;
}

/** The one that a record has started. Lists lag a moment. */
function newest(client: Client, type: string, began: Date): Promise<string> {
  const query = `WorkflowType = '${type}' AND StartTime > '${began.toISOString()}'`;
  return waitFor(`a ${type}`, 10, async () => {
    for await (const { workflowId } of client.workflow.list({ query })) return workflowId;
    return undefined;
  });
}

await main(process.argv.slice(2));
