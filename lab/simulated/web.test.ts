/** What the users of a simulated VM see, by real HTTP. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ManualClock } from './clock.ts';
import { SimulatedDatacenter } from './datacenter.ts';
import { definitionOf } from './definition.ts';
import { DatacenterSpec, VmSpec } from './spec.ts';
import { VmWebServer } from './web.ts';

const spec = DatacenterSpec.parse({
  hosts: [
    { name: 'weak', cpus: 0.4 },
    { name: 'strong', cpus: 1.5 },
  ],
  vms: [
    { name: 'web1', host: 'weak', loadCores: 1 },
    { name: 'web2', host: 'strong', loadCores: 1 },
    { name: 'off1', host: 'strong', isRunning: false },
  ],
});
const person = { kind: 'person' } as const;
const uuid = SimulatedDatacenter.vmUuid('web1');

let clock: ManualClock;
let datacenter: SimulatedDatacenter;
let web: VmWebServer;

beforeEach(async () => {
  clock = new ManualClock();
  datacenter = new SimulatedDatacenter(spec, clock);
  web = await VmWebServer.start(() => datacenter);
});
afterEach(() => web.close());

const url = (path: string): string => `http://127.0.0.1:${web.port}${path}`;

async function get(path: string, patienceMs = 10_000): Promise<{ status: number; text: string }> {
  const response = await fetch(url(path), { signal: AbortSignal.timeout(patienceMs) });
  return { status: response.status, text: await response.text() };
}

/** Lets the simulated time pass until the answer is there; says how much of it that took. */
async function timeOf(answer: Promise<unknown>): Promise<number> {
  const beganMs = clock.nowMs();
  const there = answer.then(() => true);
  while (!(await Promise.race([there, pause(2, false)]))) await clock.advance(5);
  return clock.nowMs() - beganMs;
}

test('a running VM answers, and its uptime is the guest’s', async () => {
  expect(await get('/web1/')).toEqual({ status: 200, text: 'web1 of a simulated datacenter\n' });
  await clock.advance(12_340);
  expect((await get('/web1/cgi-bin/up')).text).toBe('12.34 0.00\n');
});

test('a request to a paused VM waits, and is answered when the VM goes on', async () => {
  datacenter.hostNamed('weak').suspend(uuid, person);
  let isAnswered = false;
  const answer = get('/web1/cgi-bin/up').finally(() => (isAnswered = true));
  await clock.advance(5000);
  // Others are served meanwhile, many times over.
  for (let asked = 0; asked < 20; asked++) await get('/web2/');
  expect(isAnswered).toBe(false);
  datacenter.hostNamed('weak').resume(uuid, person);
  expect(await answer).toEqual({ status: 200, text: '0.00 0.00\n' });
});

test('a VM on a host that users don’t reach costs them their patience', async () => {
  datacenter.isolateHost('weak');
  await expect(get('/web1/', 100)).rejects.toThrow(/timeout/);
  datacenter.rejoinHost('weak');
  expect((await get('/web1/')).status).toBe(200);
});

test('a request goes on where the VM has moved to', async () => {
  const definition = definitionOf(VmSpec.parse({ name: 'web1', host: 'weak' }));
  datacenter.migrate(datacenter.hostNamed('weak'), {
    uuid: definition.uuid,
    to: 'sim://127.0.0.1:1/strong',
    arrivesPaused: false,
    keepsDefinition: false,
  });
  await timeOf(
    (async () => {
      while (datacenter.hostNamed('strong').copies.get(uuid)?.state !== 'running') {
        expect((await get('/web1/')).status).toBe(200);
      }
    })(),
  );
  expect((await get('/web1/')).status).toBe(200);
});

test('a VM that no host runs is said to be away at once', async () => {
  expect(await get('/off1/')).toEqual({ status: 503, text: 'no host runs off1\n' });
  datacenter.crashHost('weak');
  expect((await get('/web1/')).status).toBe(503);
});

test('what is not there is refused with what there is', async () => {
  expect(await get('/web9/')).toEqual({ status: 404, text: 'no VM web9; there are: web1, web2, off1\n' });
  expect((await get('/web1/cgi-bin/nothing')).text).toContain('/cgi-bin/up');
});

test('work takes as long as the VM’s share of its host’s CPU says', async () => {
  // Load and work share the guest: 0.2 of the weak host's cores for 80 core-milliseconds, 0.5 of the strong one's.
  const order: string[] = [];
  const weak = get('/web1/cgi-bin/work').then(() => order.push('weak'));
  const strong = get('/web2/cgi-bin/work').then(() => order.push('strong'));
  const [weakMs, strongMs] = await Promise.all([timeOf(weak), timeOf(strong)]);
  expect(order).toEqual(['strong', 'weak']);
  // Both loops above advance the one clock, which is what the simulated times are counted on.
  expect(strongMs).toBeGreaterThanOrEqual(160);
  expect(weakMs).toBeGreaterThanOrEqual(400);
});

test('work breaks off with the guest that did it', async () => {
  const answer = get('/web1/cgi-bin/work').catch((error: unknown) => error);
  // It has begun once a later request is answered.
  await get('/web1/');
  datacenter.hostNamed('weak').destroy(uuid, person);
  datacenter.hostNamed('weak').start(uuid, person);
  expect(await answer).toMatchObject({ message: 'fetch failed' });
});

test('of two running copies the one that began last answers', async () => {
  await clock.advance(60_000);
  const strong = datacenter.hostNamed('strong');
  strong.define(definitionOf(VmSpec.parse({ name: 'web1', host: 'strong' })), person);
  strong.start(uuid, person);
  expect((await get('/web1/cgi-bin/up')).text).toBe('0.00 0.00\n');
});
