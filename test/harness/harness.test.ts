/** Drover under the fault harness: fixed seeds for two minutes, and what the harness itself promises. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Cell } from './cell.ts';
import { baseRunNames } from './base-runs.ts';
import { faultKinds, faultsIn } from './catalogue.ts';
import { isLeftOut, leftOut, leftOutInWords, readKept } from './kept.ts';
import { endCells, runMany, startCells } from './many.ts';
import { start } from './places.ts';
import { runScenario } from './run-scenario.ts';
import type { Scenario } from './scenario.ts';
import { everyScenario, scenarioOf } from './seeds.ts';
import { Tally } from './tally.ts';
import { verdictInWords, type Verdict } from './verdict.ts';

const seedsForMs = 120_000;
const kept = readKept();
const without = leftOut(kept);
/** A scenario whose faults find no place shows nothing: of so many, by far the most must. */
const leastStruckShare = 0.8;
let cells: Cell[] = [];

beforeAll(async () => {
  cells = await startCells(4);
}, 120_000);
afterAll(() => endCells(cells), 60_000);

function firstCell(): Cell {
  const [cell] = cells;
  if (!cell) throw new Error('no cell was started');
  return cell;
}

const told = (verdict: Verdict): string => verdictInWords(verdict);
const move: Scenario = {
  operations: [{ workflow: 'migrateVm', input: { vm: 'vm1', to: 'host2' }, by: 'library' }],
  faults: [],
};

test('an undisturbed move is acquitted', async () => {
  const verdict = await runScenario(firstCell(), move);
  expect(told(verdict)).not.toContain('CONVICTED');
  expect(verdict.endings).toMatchObject([{ ending: 'moved', to: 'host2' }]);
}, 60_000);

test('an alert is acted on though its receiver is killed as it comes', async () => {
  const verdict = await runScenario(firstCell(), {
    operations: [{ workflow: 'migrateVm', input: { vm: 'vm1' }, by: 'alert' }],
    faults: [{ name: 'receiverKilled', at: { kind: 'start' }, act: { kind: 'killReceiver' } }],
  });
  expect(verdict.struck).toEqual(['receiverKilled']);
  expect(told(verdict)).not.toContain('CONVICTED');
  expect(verdict.endings).toMatchObject([{ ending: 'moved' }]);
}, 60_000);

test('a worker that ends by itself is held against the run, with what it wrote, and another one goes on', async () => {
  const cell = firstCell();
  const dies = cell.workers[0]?.pid;
  if (dies === undefined) throw new Error('the cell has no worker');
  const running = runScenario(cell, move);
  process.kill(dies, 'SIGKILL');
  const verdict = await running;
  expect(verdict.charges).toMatchObject([{ kind: 'workerDied' }]);
  expect(verdict.charges[0]?.message).toContain(`worker ${dies} ended by itself (SIGKILL)`);
  expect(verdict.endings).toMatchObject([{ ending: 'moved' }]);
  expect(verdict.log).toContain('works on');
  expect(told(verdict)).toContain(`--scenario '${JSON.stringify(move)}'`);
}, 60_000);

test('each seed stands for one scenario, seldom for the same as another, and all runs and wishes are drawn', () => {
  expect(scenarioOf(7, without)).toEqual(scenarioOf(7, without));
  const drawn = Array.from({ length: 300 }, (_, seed) => scenarioOf(seed, without));
  expect(new Set(drawn.map(({ faults }) => JSON.stringify(faults))).size).toBeGreaterThan(250);
  const asked = drawn.flatMap(({ operations }) => operations);
  const inputs = asked.flatMap((operation) => (operation.workflow === 'migrateVm' ? [operation.input] : []));
  const wishes = new Set(inputs.flatMap((input) => Object.keys(input)));
  expect([...wishes]).toEqual(
    expect.arrayContaining(['maxDowntimeMs', 'bandwidthMiBps', 'acceptWarnings', 'dryRun', 'wait']),
  );
  expect(new Set(inputs.map(({ vm }) => vm))).toEqual(new Set(['vm1', 'vm2', 'vm3', 'vm4', 'vm5']));
  expect(new Set(asked.map(({ workflow }) => workflow))).toEqual(
    new Set(['migrateVm', 'settleVm', 'maintainHosts']),
  );
});

test('every kind of fault has places, in some run', () => {
  const placed = new Set(baseRunNames.flatMap((run) => faultsIn(run).map(({ name }) => name)));
  expect([...placed].toSorted()).toEqual(Object.keys(faultKinds).toSorted());
  expect(everyScenario(without).length).toBeGreaterThan(1000);
});

test('there are places in a canceled or late move alone, in a second attempt, and where a settle or a record acts', () => {
  const places = everyScenario().map(({ faults }) => JSON.stringify(faults.at(-1)?.at));
  const wanted = ['"abortMigration"', '"setMaxDowntime"', '"attempt":2', '"findCopies"', '"isRunning"'];
  expect(wanted.filter((has) => !places.some((place) => place.includes(has)))).toEqual([]);
});

test('what a kept seed leaves out is left out where it says, and drawn elsewhere', () => {
  const arrived = { kind: 'migration', moment: 'arrived', nth: 1 } as const;
  const here = [{ fault: 'daemonRestarted', places: [arrived] }];
  expect(isLeftOut('daemonRestarted', arrived, here)).toBe(true);
  expect(isLeftOut('daemonRestarted', { ...arrived, moment: 'copying' }, here)).toBe(false);
  expect(isLeftOut('hostFrozen', arrived, here)).toBe(false);
  expect(isLeftOut('lastReplyLost', start, [{ fault: 'lastReplyLost' }])).toBe(true);
  for (const { faults } of everyScenario(without))
    expect(faults.some(({ name, at, isPremise }) => !isPremise && isLeftOut(name, at, without))).toBe(false);
});

test.each(kept.map((seed) => [`${leftOutInWords([seed.leavesOut])}, ${seed.charge}`, seed] as const))(
  'kept: %s is still convicted; when it no longer is, take it off the list',
  async (_, { charge, scenario }) => {
    const verdict = await runScenario(firstCell(), scenario);
    expect(told(verdict)).toContain(`CONVICTED ${charge}`);
  },
  90_000,
);

test('whatever fails at random, nobody runs twice, nothing is lost, and every operation ends by name', async () => {
  const untilMs = performance.now() + seedsForMs;
  const tally = new Tally();
  let seed = 1;
  await runMany(
    cells,
    () => (performance.now() < untilMs ? scenarioOf(seed++, without) : undefined),
    (verdict) => tally.add(verdict),
  );
  console.log(
    `seeds 1 to ${seed - 1}, in ${tally.struck} a fault struck; left out: ${leftOutInWords(without)}\n${tally.byKind}`,
  );
  expect(tally.convicted.map(told).join('\n')).toBe('');
  expect(tally.struckShare).toBeGreaterThanOrEqual(leastStruckShare);
}, 300_000);
