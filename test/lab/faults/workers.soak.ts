/** Drover's own processes killed, frozen and woken at every moment of a move: `npm run soak:lab`. */
import { setTimeout as pause } from 'node:timers/promises';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { changeOf, type packets } from './packets.ts';
import { Move, slowly, type Verdict } from './move.ts';
import { Stage, type StageWorker } from './stage.ts';
import { expectEnd, printAbsence, rightEndOn } from './verdict.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open(inject('labConfigFile'), { workers: 2 });
});
afterAll(() => stage?.[Symbol.asyncDispose]());
beforeEach(async ({ onTestFailed }) => {
  onTestFailed(() => stage.reset(), 120_000);
  await stage.start();
});

/** In their order; `copied` is no packet but a level. */
const moments = [
  ['before the order', 'orderToMigrate'],
  ['in mid-copy', 'copied'],
  ['as it is ready at the target', 'ready'],
  ['before the order to quit', 'orderToQuit'],
  ['between the order to quit and its proof', 'proof'],
  ['between the proof and the order to resume', 'orderToResume'],
  ['after it runs at the target', 'resumed'],
] as const satisfies readonly (readonly [string, keyof typeof packets | 'copied'])[];
type Moment = (typeof moments)[number][1];

/** libvirtd drops a client that is silent for 4 s, and Temporal an attempt that is silent for 5 s. */
const pastAllPatienceMs = 9_000;

/** Begins the move and returns as the moment has come: what it was, waits until the answer is called. */
async function reach(move: Move, moment: Moment, worker: StageWorker): Promise<() => void> {
  if (moment === 'copied') {
    await move.begin(slowly);
    await move.copied();
    return () => undefined;
  }
  const held = move.hold(moment, worker);
  await move.begin();
  await held.came;
  return () => held.release();
}

/** The other is not there: what is struck is the only one. */
async function alone(): Promise<StageWorker> {
  await stage.workers[1]?.process.stop();
  return stage.worker;
}

describe('M10 the only worker is killed and started again', () => {
  test.each(moments)('%s', async (what, moment) => {
    const worker = await alone();
    const move = await Move.prepare(stage);
    const goOn = await reach(move, moment, worker);
    await worker.process.kill();
    goOn();
    await worker.process.start();
    const verdict = await expectEnd(move, ['moved', 'stayed']);
    expect(verdict.seen.requests).toBeGreaterThan(verdict.seen.waited);
    printAbsence(`killed ${what}`, verdict);
  });
});

describe('M10 the only worker is frozen past all patience, and woken', () => {
  test.each(moments)('%s', async (what, moment) => {
    const worker = await alone();
    const move = await Move.prepare(stage);
    const goOn = await reach(move, moment, worker);
    worker.process.freeze();
    goOn();
    await pause(pastAllPatienceMs);
    worker.process.wake();
    const verdict = await expectEnd(move, ['moved', 'stayed']);
    expect(verdict.seen.requests).toBeGreaterThan(verdict.seen.waited);
    printAbsence(`frozen ${what}`, verdict);
  });
});

describe('a worker is frozen, another takes over, and the first is woken: it changes nothing any more', () => {
  test.each(moments)('%s', async (what, moment) => {
    const move = await Move.prepare(stage);
    const { stale, goOn } = await reachByEither(move, moment);
    stale.process.freeze();
    goOn();
    const verdict = await expectEnd(move, ['moved', 'stayed']);
    const before = changesBy(stale);
    stale.process.wake();
    // Until it has met the server again and let go of what it held.
    await pause(pastAllPatienceMs);
    expect(changesBy(stale)).toEqual(before);
    expect(await again(verdict.runsOn[0] ?? '')).toEqual(verdict.runsOn);
    printAbsence(`frozen ${what}, with another worker`, verdict);
  });
});

describe('everything of Drover is killed, Temporal too, and started again', () => {
  test.each(moments)('%s', async (what, moment) => {
    const worker = await alone();
    const move = await Move.prepare(stage);
    const goOn = await reach(move, moment, worker);
    await stage.killAll();
    goOn();
    await stage.start();
    const verdict = await expectEnd(move, ['moved', 'stayed']);
    printAbsence(`all killed ${what}`, verdict);
    expect(verdict.seen.requests).toBeGreaterThan(verdict.seen.waited);
  });
});

describe('Temporal alone is killed and started again', () => {
  test.each(moments)('%s', async (what, moment) => {
    const worker = await alone();
    const move = await Move.prepare(stage);
    const goOn = await reach(move, moment, worker);
    await stage.temporalServer.kill();
    goOn();
    await stage.temporalServer.start();
    await stage.connect();
    const verdict = await expectEnd(move, ['moved', 'stayed']);
    expect(verdict.seen.requests).toBeGreaterThan(verdict.seen.waited);
    printAbsence(`Temporal killed ${what}`, verdict);
  });
});

describe('the operation is terminated', () => {
  test.each(moments)('%s: the VM is settled, and can be moved', async (_, moment) => {
    const worker = await alone();
    const move = await Move.prepare(stage);
    const goOn = await reach(move, moment, worker);
    await stage.temporal.workflow.getHandle(move.operation.workflowId).terminate('by a test');
    goOn();
    await pause(pastAllPatienceMs);
    const { exitCode, text } = await stage.cli('settle', stage.vm.name);
    expect({ exitCode, text }).toMatchObject({ exitCode: 0 });
    const world = await move.look();
    expect(world).toMatchObject(rightEndOn(world.runsOn[0] ?? 'no host'));
    const next = await Move.prepare(stage);
    await next.begin();
    const { seen } = await expectEnd(next, ['moved']);
    expect(seen.failures).toEqual({});
  });
});

test('the alert receiver is killed after an alert: the operation goes on, and the same alert joins it', async () => {
  const alert = alertOf(new Date().toISOString());
  const first = await post(alert);
  await stage.receiver.kill();
  await expect(post(alert)).rejects.toThrow('fetch failed');
  await stage.receiver.start();
  const second = await post(alert);
  expect(first).toMatchObject({ status: 202, result: 'started' });
  expect(second).toMatchObject({ status: 202, result: 'joined', workflowId: first.workflowId });
  // It looks for itself whether the VM is starved: after the tests before this one it may be.
  expect(await stage.cli('watch', String(first.workflowId))).toMatchObject({
    exitCode: 0,
    text: expect.stringMatching(/nothing to do|web1 moved from/),
  });
});

test('the operation is terminated in mid-copy: the VM is settled, and can be moved', async () => {
  const move = await Move.prepare(stage);
  await move.begin(slowly);
  await move.copied();
  await stage.temporal.workflow.getHandle(move.operation.workflowId).terminate('by a test');
  const world = await settled(move);
  expect(world).toMatchObject(rightEndOn(world.runsOn[0] ?? 'no host'));
  const next = await Move.prepare(stage);
  await next.begin();
  const { seen } = await expectEnd(next, ['moved']);
  expect(seen.failures).toEqual({});
});

/** By itself, or at a person's word. */
async function settled(move: Move): Promise<Omit<Verdict, 'end'>> {
  const world = await move.look();
  const left = [...world.left, ...world.held];
  if (left.length === 0) return world;
  const { exitCode, text } = await stage.cli('settle', stage.vm.name);
  if (exitCode !== 0) throw new Error(`drover settle: ${text}; there was before: ${left.join(', ')}`);
  const after = await (await Move.prepare(stage)).look();
  return { ...after, twice: world.twice, undone: world.undone };
}

/** Whichever worker takes the move meets the moment. */
async function reachByEither(move: Move, moment: Moment): Promise<{ stale: StageWorker; goOn: () => void }> {
  const [first, second] = stage.workers;
  if (!first || !second) throw new Error('the stage has no second worker');
  if (moment === 'copied') {
    const goOn = await reach(move, moment, first);
    return { stale: changesBy(first).includes('DOMAIN_MIGRATE_PERFORM3_PARAMS') ? first : second, goOn };
  }
  const holds = [first, second].map((worker) => ({ worker, held: move.hold(moment, worker) }));
  await move.begin();
  const met = await Promise.race(holds.map(async (each) => each.held.came.then(() => each)));
  for (const { held } of holds) if (held !== met.held) held.release();
  return { stale: met.worker, goOn: () => met.held.release() };
}

function changesBy(worker: StageWorker): string[] {
  return stage.hosts.flatMap((host) =>
    worker.line(host).passed.flatMap(({ packet }) => changeOf(packet) ?? []),
  );
}

async function again(host: string): Promise<readonly string[]> {
  const { source } = await stage.places();
  return source.name === host ? [host] : [source.name];
}

function alertOf(startsAt: string): object {
  const labels = { alertname: 'DroverVmStarved', vm: stage.vm.name };
  const rest = { annotations: {}, endsAt: '0001-01-01T00:00:00Z', generatorURL: '' };
  return {
    version: '4',
    groupKey: '{}:{}',
    status: 'firing',
    receiver: 'drover',
    groupLabels: {},
    commonLabels: labels,
    commonAnnotations: {},
    externalURL: '',
    truncatedAlerts: 0,
    alerts: [{ status: 'firing', labels, startsAt, fingerprint: '00000000000000f1', ...rest }],
  };
}

async function post(alert: object): Promise<{ status: number; result?: unknown; workflowId?: unknown }> {
  const token = readFileSync(stage.lab.alertTokenFile, 'utf8').trim();
  const response = await fetch(stage.alertsUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(alert),
  });
  const { alerts } = (await response.json()) as { alerts: { result: string; workflowId?: string }[] };
  return { status: response.status, ...alerts[0] };
}
