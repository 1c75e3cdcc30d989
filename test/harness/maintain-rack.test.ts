/** A rack emptied in a simulated datacenter by a whole Drover, while migrations fail, hosts die and the worker is killed. */
import { expect, test } from 'vitest';
import { emptyRack, type Evacuation } from '../../bench/evacuation-run.ts';
import type { MaintainHostsStatus } from '../../model/maintain-hosts.ts';
import { Herd } from '../../bench/simulated-herd.ts';

const size = { hosts: 12, vms: 48, hostsPerSwitch: 3 };

/** Nothing waits for its turn any more. */
function isAllButStuck({ waiting = 0, moving = 0 }: MaintainHostsStatus['counts']): boolean {
  return waiting === 0 && moving > 0;
}

async function convictionsOf(herd: Herd): Promise<string[]> {
  const convictions = await herd.control.ask('audit', { operations: [], triggers: [], held: [] });
  return convictions.map(({ kind, message }) => `${kind}: ${message}`);
}

function countsOf({ result }: Evacuation): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { verdict } of result.vms) counts[verdict] = (counts[verdict] ?? 0) + 1;
  return counts;
}

test('every VM of a rack moves, within the caps, and each verdict is right', async () => {
  await using herd = await Herd.start(size, 10);
  const run = await emptyRack(herd, { rack: 'sw1' });
  expect(run.wrong).toEqual([]);
  expect(countsOf(run)).toEqual({ moved: 12 });
  expect(run.result.outcome).toBe('finished');
  expect(await convictionsOf(herd)).toEqual([]);
}, 300_000);

test('with migrations that fail, two hosts that die and a worker that is killed again and again', async () => {
  await using herd = await Herd.start(size, 10);
  const rack = herd.spec.hosts.slice(0, 3).map(({ name }) => name);
  const leaving = herd.spec.vms.filter(({ host }) => rack.includes(host));
  // A move of these breaks off half way, until the fault is lifted.
  const failing = leaving.filter((_, at) => at % 5 === 0).map(({ name }) => name);
  for (const vm of failing) await herd.control.ask('fault', { kind: 'migration', vm, failsAt: 0.5 });
  let killedAt = -Infinity;
  let kills = 0;
  const victims = ['host8', 'host11'];
  let dead: string[] | undefined;
  const run = await emptyRack(herd, {
    rack: 'sw1',
    victims,
    meanwhile: async ({ counts, step }) => {
      if ((counts.moved ?? 0) > 0 && performance.now() - killedAt > 5000 && kills < 4) {
        herd.killWorker();
        kills++;
        killedAt = performance.now();
      }
      if (!dead && (counts.moved ?? 0) >= 2) {
        dead = [...victims];
        for (const host of dead) await herd.control.ask('fault', { kind: 'crashHost', host });
      }
      // What failed on three hosts is told of, and moves once it can; a move to a host that died ends when that is back.
      if (dead && dead.length > 0 && (step === 'left' || isAllButStuck(counts))) {
        for (const vm of failing) await herd.control.ask('fault', { kind: 'migration', vm });
        for (const host of dead.splice(0)) await herd.control.ask('fault', { kind: 'powerOn', host });
      }
    },
  });
  expect(kills).toBeGreaterThan(0);
  expect({ wrong: run.wrong, vms: run.wrong.length === 0 ? [] : run.result.vms }).toEqual({
    wrong: [],
    vms: [],
  });
  // A VM that was on its way to a host when that died is gone with it, and is said to be.
  const gone = run.result.vms.filter(({ verdict }) => verdict === 'gone');
  expect(gone.filter(({ to }) => to === undefined || !victims.includes(to))).toEqual([]);
  expect(countsOf(run).moved).toBe(leaving.length - gone.length);
  const stopped = (await convictionsOf(herd)).filter((text) => !victims.some((host) => text.includes(host)));
  expect(stopped).toEqual([]);
}, 400_000);
