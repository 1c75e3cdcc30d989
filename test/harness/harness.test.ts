/** Drover under the fault harness: fixed seeds for two minutes, and what the harness itself promises. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Cell } from './cell.ts';
import { leftOut, readKept } from './kept.ts';
import { runMany, startCells } from './many.ts';
import { runScenario } from './run-scenario.ts';
import type { PlacedFault, Scenario } from './scenario.ts';
import { everyScenario, scenarioOf } from './seeds.ts';
import { shrink } from './shrink.ts';
import { verdictInWords, type Verdict } from './verdict.ts';

const seedsForMs = 120_000;
const kept = readKept();
const without = leftOut(kept);
let cells: Cell[];

beforeAll(async () => {
  cells = await startCells(4);
}, 120_000);
afterAll(async () => {
  await Promise.all(cells.map((cell) => cell[Symbol.asyncDispose]()));
}, 60_000);

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

test('each seed stands for one scenario, and every kind of fault has its places', () => {
  expect(scenarioOf(7, without)).toEqual(scenarioOf(7, without));
  const drawn = Array.from({ length: 200 }, (_, seed) => JSON.stringify(scenarioOf(seed, without).faults));
  expect(new Set(drawn).size).toBeGreaterThan(150);
  expect(everyScenario(without).length).toBeGreaterThan(1000);
});

test.each(kept.map((seed) => [seed.leavesOut, seed] as const))(
  'kept: %s is still convicted; when it no longer is, take it off the list',
  async (_, { charge, scenario }) => {
    const verdict = await runScenario(firstCell(), scenario);
    expect(told(verdict)).toContain(`CONVICTED ${charge}`);
  },
  90_000,
);

test('a failing scenario is shrunk to what it is convicted of', async () => {
  const harmless: PlacedFault = {
    name: 'answeredLate',
    at: { kind: 'call', call: 'cpu', host: 'host2', nth: 1, phase: 'after' },
    act: { kind: 'delay', ms: 100 },
  };
  const [guilty] = kept;
  if (!guilty) throw new Error('the list of kept seeds is empty: let this test break something else');
  const run = (scenario: Scenario) => runScenario(firstCell(), scenario);
  const long = await run({ ...guilty.scenario, faults: [harmless, ...guilty.scenario.faults, harmless] });
  const shortest = await shrink(long, run);
  expect(shortest.scenario.faults).toEqual(guilty.scenario.faults);
}, 180_000);

test('whatever fails at random, nobody runs twice, nothing is lost, and every operation ends by name', async () => {
  const untilMs = performance.now() + seedsForMs;
  const failed: Verdict[] = [];
  let seed = 1;
  let struck = 0;
  await runMany(
    cells,
    () => (performance.now() < untilMs ? scenarioOf(seed++, without) : undefined),
    (verdict) => {
      struck += verdict.struck.length > 0 ? 1 : 0;
      if (verdict.charges.length > 0) failed.push(verdict);
    },
  );
  console.log(`seeds 1 to ${seed - 1}, in ${struck} a fault struck; left out: ${[...without].join(', ')}`);
  expect(failed.map(told).join('\n')).toBe('');
  expect(struck).toBeGreaterThan(0);
}, 300_000);
