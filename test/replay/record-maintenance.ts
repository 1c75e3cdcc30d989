/**
 * `node test/replay/record-maintenance.ts`: records histories of `maintainHosts` of real runs on a simulated datacenter.
 * Each must end as its name says, or nothing of it is kept.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { Herd } from '../../bench/simulated-herd.ts';
import type { Operation } from '../../client/operation.ts';
import { waitFor } from '../../demo/traffic.ts';
import type {
  MaintainHostsRequest,
  MaintainHostsResult,
  MaintainHostsStep,
} from '../../model/maintain-hosts.ts';
import { historiesFolder, historyText } from '../support/drover.ts';

type Maintenance = Operation<MaintainHostsResult>;

await using herd = await Herd.start({ hosts: 4, vms: 8, hostsPerSwitch: 2 }, 10);
const { drover } = herd.running;
const connection = await Connection.connect(drover.target.connectConfig);
const client = new Client({ connection, namespace: drover.target.namespace });
mkdirSync(historiesFolder, { recursive: true });

const start = (request: MaintainHostsRequest): Promise<Maintenance> => drover.start('maintainHosts', request);

async function reach(operation: Maintenance, step: MaintainHostsStep): Promise<void> {
  await waitFor(`the step ${step}`, 120, async () => {
    const { status } = await operation.look();
    return status?.step === step ? true : undefined;
  });
}

async function keep(name: string, { workflowId }: Maintenance): Promise<void> {
  const history = await client.workflow.getHandle(workflowId).fetchHistory();
  writeFileSync(join(historiesFolder, `maintain-hosts-${name}.json`), historyText(history));
  console.log(`maintain-hosts-${name}: ${workflowId}`);
}

async function ended(operation: Maintenance, outcome: string): Promise<void> {
  const how = await operation.result().then(
    (result) => result.outcome as string,
    (error: { type?: string }) => error.type ?? 'failed',
  );
  if (how !== outcome) throw new Error(`${operation.workflowId} ended as ${how}, and not as ${outcome}`);
}

try {
  const planned = await start({ hosts: ['host1'], dryRun: true });
  await ended(planned, 'planned');
  await keep('planned', planned);

  const finished = await start({ failureDomain: { kind: 'switch', name: 'sw1' }, moveBack: true });
  await reach(finished, 'held');
  const refused = await start({ hosts: ['host2', 'host3'] });
  await ended(refused, 'CheckFailed');
  await keep('refused', refused);
  await finished.finishMaintenance();
  await ended(finished, 'finished');
  await keep('finished', finished);

  const [first] = herd.spec.vms.filter(({ host }) => host === 'host1');
  if (!first) throw new Error('host1 has no VM');
  await herd.control.ask('fault', { kind: 'migration', vm: first.name, failsAt: 0.5 });
  const left = await start({ hosts: ['host1'] });
  await reach(left, 'left');
  await herd.control.ask('fault', { kind: 'migration', vm: first.name });
  await reach(left, 'held');
  await left.finishMaintenance();
  await ended(left, 'finished');
  await keep('left', left);

  const canceled = await start({ hosts: ['host3'], caps: { perHostOut: 1 } });
  await reach(canceled, 'emptying');
  await canceled.cancelMaintenance();
  await ended(canceled, 'canceled');
  await keep('canceled', canceled);
} finally {
  await connection.close();
}
