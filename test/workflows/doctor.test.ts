/** `doctor` on a real Temporal: a simulated datacenter, examined by its worker's own activities. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createDoctorActivities,
  createDoctorHostActivities,
} from '../../activities/doctor/doctor-activities.ts';
import type { DoctorSite } from '../../activities/doctor/site-examination.ts';
import { driverByScheme } from '../../activities/hosts/driver-by-scheme.ts';
import { examinerByScheme } from '../../activities/hosts/examiner.ts';
import { Hosts, type KnownHost, type Site } from '../../activities/hosts/hosts.ts';
import { OperationFailed } from '../../client/errors.ts';
import { reportText } from '../../client/cli/commands/doctor.ts';
import { SimulatedServer } from '../../lab/simulated/server.ts';
import { generateDatacenter } from '../../lab/simulated/spec.ts';
import type { DoctorFinding, DoctorReport } from '../../model/doctor.ts';
import { taskQueue } from '../../model/operations.ts';
import { searchAttributeTypes } from '../../worker/temporal-server/search-attributes.ts';
import { datacenter, startStandInWorker, type StandInWorker } from './stand-in-worker.ts';

const herd = generateDatacenter({ hosts: 3, vms: 6 });
let simulation: SimulatedServer;
let worker: StandInWorker;
beforeAll(async () => {
  simulation = await SimulatedServer.start({ spec: herd });
  const known = (name: string, cluster: string, where: string): KnownHost => ({
    address: {
      name,
      uri: `sim://127.0.0.1:${simulation.port}/${name}`,
      peerUri: `sim://127.0.0.1:${simulation.port}/${name}`,
      migrateTo: '127.0.0.1',
    },
    cluster,
    datacenter: where,
    failureDomains: {},
    sharedPaths: [],
  });
  const hosts: Pick<Site, 'hosts' | 'keepaliveSeconds'> = {
    hosts: [
      ...herd.hosts.map(({ name, cluster }) => known(name, cluster, datacenter)),
      known('far1', 'far', 'nobody-there'),
    ],
    keepaliveSeconds: 3,
  };
  const site: DoctorSite = {
    hosts: new Hosts(hosts as Site, driverByScheme({ keepaliveSeconds: 3 })),
    examinerOf: examinerByScheme({ keepaliveSeconds: 3 }),
    fences: new Map([['host1', { agent: 'fence_never_heard', options: {}, secrets: () => ({}) }]]),
  };
  worker = await startStandInWorker({
    ...createDoctorActivities(site, { retentionDays: 1, searchAttributes: searchAttributeTypes }),
    ...createDoctorHostActivities(site),
  });
});
afterAll(async () => {
  await worker?.[Symbol.asyncDispose]();
  await simulation?.close();
});

const here = herd.hosts.map(({ name }) => name);
const of = (report: DoctorReport, subject: string, check: string): DoctorFinding | undefined =>
  report.findings.find((finding) => finding.subject === subject && finding.check === check);

test('a simulated datacenter: what can be seen is well, and what it has no such thing of is not checked, with the reason', async () => {
  const report = await worker.drover.examine({ hosts: here });
  for (const host of here) {
    for (const check of ['reachable', 'names', 'networks', 'storage'])
      expect.soft(of(report, host, check)).toMatchObject({ status: 'ok' });
    for (const check of ['keepalive', 'clock', 'versions', 'peers'])
      expect.soft(of(report, host, check)).toMatchObject({
        status: 'notChecked',
        message: expect.stringContaining('simulated'),
      });
  }
  expect(of(report, 'Temporal', 'server')).toBeDefined();
  expect(of(report, 'Temporal', 'rate')?.message).toMatch(/takes \d+ ms/);
  expect(of(report, 'Temporal', 'searchAttributes')?.status).toBe('ok');
  expect(of(report, 'task queue drover', 'workers')?.message).toContain('worker');
  // What is wrong in the settings is told with what to do.
  expect(of(report, 'host1', 'fence')).toMatchObject({
    status: 'error',
    message: expect.stringContaining('fence-agents'),
  });
  expect(report.counts.error).toBe(1);
  expect(report.findings.every(({ status, advice }) => advice !== undefined || status !== 'error')).toBe(
    true,
  );
  const text = reportText(report, report.findings);
  expect(text.split('\n').at(-1)).toBe(report.message);
  expect(text).toContain('fence: its fence device does not answer');
});

test('a host that is cut off is one error of its own, and the others are examined', async () => {
  simulation.datacenter.isolateHost('host2');
  try {
    const report = await worker.drover.examine({ hosts: here, trials: false });
    expect(of(report, 'host2', 'reachable')).toMatchObject({
      status: 'error',
      advice: expect.stringContaining('virsh'),
    });
    expect(of(report, 'host1', 'reachable')?.status).toBe('ok');
    expect(of(report, 'host3', 'storage')).toMatchObject({ message: expect.stringContaining('left out') });
  } finally {
    simulation.datacenter.rejoinHost('host2');
  }
});

test('a datacenter without a worker is a finding after the time that it has to begin', async () => {
  const report = await worker.drover.examine({ hosts: ['far1'] });
  expect(of(report, 'datacenter nobody-there', 'examination')).toMatchObject({
    status: 'error',
    message: 'its hosts were not examined: no worker took that up within 2 s',
  });
  expect(of(report, 'task queue drover-nobody-there', 'workers')?.status).toBe('error');
  expect(of(report, 'host1', 'reachable')).toBeUndefined();
});

test('started by hand with {} it examines everything, and its page is a table', async () => {
  const handle = await worker.temporal.workflow.start('doctor', {
    workflowId: 'doctor-by-hand',
    taskQueue,
    args: [{}],
  });
  const report = (await handle.result()) as DoctorReport;
  expect(of(report, 'host3', 'reachable')?.status).toBe('ok');
  expect(of(report, 'datacenter nobody-there', 'examination')?.status).toBe('error');
  const { currentDetails } = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
  expect(currentDetails).toContain(`**${report.message}**`);
  expect(currentDetails).toMatch(/^\| host1 \| fence \| ❌ error \| its fence device/m);
});

test('a host that the settings do not name is refused with those that they do', async () => {
  const refused = worker.drover.examine({ hosts: ['host7'] });
  await expect(refused).rejects.toBeInstanceOf(OperationFailed);
  await expect(refused).rejects.toMatchObject({
    type: 'UnknownHost',
    message: expect.stringMatching(/host7.*host1/),
  });
});

test.each([[{ hosts: [] }], [{ hosts: 'host1' }], [{ trials: 'no' }], [{ host: 'host1' }]])(
  '%j is refused as InvalidInput',
  async (input) => {
    await expect(worker.drover.examine(input as never)).rejects.toMatchObject({ type: 'InvalidInput' });
  },
);
