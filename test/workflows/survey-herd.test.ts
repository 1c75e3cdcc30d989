/** `surveyHerd` on a real Temporal: the records of a simulated datacenter are made by its worker's own activity. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSurveyActivities } from '../../activities/survey-activities.ts';
import { driverByScheme } from '../../activities/hosts/driver-by-scheme.ts';
import { Hosts } from '../../activities/hosts/hosts.ts';
import { Looks } from '../../activities/looks.ts';
import {
  createRecordActivities,
  recordsOfContext,
} from '../../activities/records/create-record-activities.ts';
import { generateDatacenter } from '../../lab/simulated/spec.ts';
import { SimulatedServer } from '../../lab/simulated/server.ts';
import { taskQueue } from '../../model/operations.ts';
import type { SurveyCounts } from '../../model/survey.ts';
import { datacenter, startStandInWorker, type StandInWorker } from './stand-in-worker.ts';

const generated = generateDatacenter({ hosts: 3, vms: 12 });
const named = (host: string): string => `surveyed-${host}`;
/** The moves of other tests have made records of a `host1` and a `host2`. */
const herd = {
  hosts: generated.hosts.map((host) => ({ ...host, name: named(host.name) })),
  vms: generated.vms.map((vm) => ({ ...vm, host: named(vm.host) })),
};

let simulation: SimulatedServer;
let worker: StandInWorker;
beforeAll(async () => {
  simulation = await SimulatedServer.start({ spec: herd });
  const hosts = new Hosts(
    {
      hosts: herd.hosts.map(({ name, cluster }) => ({
        address: { name, uri: `sim://127.0.0.1:${simulation.port}/${name}`, peerUri: '', migrateTo: '' },
        cluster,
        datacenter,
        failureDomains: {},
        sharedPaths: [],
      })),
      vms: {},
      starved: { hostBusyRatio: 1, vmShareOfHost: 1 },
    } as never,
    driverByScheme({ keepaliveSeconds: 3 }),
  );
  worker = await startStandInWorker({
    ...createRecordActivities(),
    ...createSurveyActivities(hosts, new Looks(hosts), recordsOfContext),
  });
});
afterAll(async () => {
  await worker?.[Symbol.asyncDispose]();
  await simulation?.close();
});

let surveys = 0;
async function survey(): Promise<{ counts: SurveyCounts; events: number }> {
  const handle = await worker.temporal.workflow.start('surveyHerd', {
    workflowId: `survey-herd-${++surveys}`,
    taskQueue,
  });
  const counts = (await handle.result()) as SurveyCounts;
  const { events } = await handle.fetchHistory();
  return { counts, events: events?.length ?? 0 };
}

test('the first makes a record of each VM and host, with where it is; the next has nothing to say', async () => {
  const { hosts, vms } = herd;
  const first = await survey();
  expect(first.counts).toEqual({
    hosts: hosts.length,
    silent: 0,
    vms: vms.length,
    created: hosts.length + vms.length,
    skipped: 0,
    failed: 0,
  });
  expect(first.events).toBeLessThan(30);
  for (const { name, host } of vms) {
    const record = await worker.drover.vmRecord(name);
    expect(record).toMatchObject({ vm: name, seen: { host, state: 'running' }, shouldRun: true });
    expect(record?.definition?.xml).toContain(name);
  }
  for (const { name } of hosts)
    expect(await worker.drover.hostRecord(name)).toMatchObject({ host: name, state: 'active' });

  const [one] = vms;
  const before = await worker.drover.vmRecord(one?.name ?? '');
  expect((await survey()).counts).toMatchObject({ vms: vms.length, created: 0 });
  expect(await worker.drover.vmRecord(one?.name ?? '')).toEqual(before);
});

test('a datacenter without workers is told, and does not keep the others from their survey', async () => {
  worker.answerWith({ readSite: async () => ({ datacenters: [datacenter, 'nobody-there'] }) });
  const handle = await worker.temporal.workflow.start('surveyHerd', {
    workflowId: `survey-herd-${++surveys}`,
    taskQueue,
  });
  await expect(handle.result()).rejects.toMatchObject({ name: 'WorkflowFailedError' });
  const { events } = await handle.fetchHistory();
  expect(events?.filter(({ activityTaskCompletedEventAttributes: done }) => done)).toHaveLength(2);
});
