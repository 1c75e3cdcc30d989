/**
 * `npm run soak -- --minutes N [--seed S] [--cells C] [--json]`: random operations with random faults, an audit after
 * each, for as long as one wants. A failing seed is run again, shrunk and printed as it goes into `kept-seeds.json`.
 * `--only SEED` runs one seed; `--scenario JSON` one scenario.
 */
import { parseArgs } from 'node:util';
import { scenarioOf } from './catalogue.ts';
import type { Cell } from './cell.ts';
import { leftOut, readKept } from './kept.ts';
import { runMany, startCells } from './many.ts';
import { runScenario, verdictInWords, type Verdict } from './run-scenario.ts';
import { Scenario } from './scenario.ts';
import { shrink } from './shrink.ts';

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      seed: { type: 'string' },
      cells: { type: 'string', default: '4' },
      only: { type: 'string' },
      scenario: { type: 'string' },
      all: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const minutes = positive('minutes', values.minutes);
  const firstSeed = values.seed === undefined ? Date.now() % 1_000_000_000 : positive('seed', values.seed);
  // `--all` draws the faults of the kept seeds too.
  const without = values.all ? new Set<string>() : leftOut(readKept());
  const single = singleScenario(values);
  const cells = await startCells(single ? 1 : positive('cells', values.cells));
  try {
    if (single) return reportSingle(await runScenario(firstOf(cells), single));
    console.error(
      `${minutes} minutes from seed ${firstSeed} on, in ${cells.length} cells; left out: ${[...without].join(', ') || 'nothing'}`,
    );
    const untilMs = performance.now() + minutes * 60_000;
    let seed = firstSeed;
    const failed: Verdict[] = [];
    let [runs, struck] = [0, 0];
    await runMany(
      cells,
      () => (performance.now() < untilMs ? scenarioOf(seed++, without) : undefined),
      (verdict) => {
        runs++;
        if (verdict.struck.length > 0) struck++;
        if (verdict.charges.length === 0) return;
        failed.push(verdict);
        console.log(verdictInWords(verdict));
      },
    );
    for (const verdict of failed) await explain(firstOf(cells), verdict);
    console.log(`${runs} scenarios, in ${struck} a fault struck, ${failed.length} convicted`);
    if (values.json) {
      const seeds = failed.map(({ scenario }) => scenario.seed);
      console.log(JSON.stringify({ runs, struck, convicted: failed.length, firstSeed, seeds }));
    }
    return failed.length === 0 ? 0 : 1;
  } finally {
    await Promise.all(cells.map((cell) => cell[Symbol.asyncDispose]()));
  }
}

/** Runs a failing seed again, and prints the shortest scenario that is convicted of the same. */
async function explain(cell: Cell, verdict: Verdict): Promise<void> {
  const again = await runScenario(cell, verdict.scenario);
  if (again.charges.length === 0) {
    console.log(
      `seed ${verdict.scenario.seed} was acquitted when it ran again: its faults found another moment`,
    );
    return;
  }
  const shortest = await shrink(again, (scenario) => runScenario(cell, scenario));
  console.log(
    `seed ${verdict.scenario.seed}, at its shortest:\n${verdictInWords(shortest)}\n${JSON.stringify(shortest.scenario)}`,
  );
}

function reportSingle(verdict: Verdict): number {
  console.log(verdictInWords(verdict));
  return verdict.charges.length === 0 ? 0 : 1;
}

function singleScenario({ only, scenario }: { only?: string; scenario?: string }): Scenario | undefined {
  if (scenario !== undefined) return Scenario.parse(JSON.parse(scenario));
  return only === undefined ? undefined : scenarioOf(positive('only', only), leftOut(readKept()));
}

function firstOf(cells: readonly Cell[]): Cell {
  const [cell] = cells;
  if (!cell) throw new Error('no cell was started');
  return cell;
}

function positive(name: string, text: string): number {
  const number = Number(text);
  if (!(number > 0) || !Number.isFinite(number))
    throw new Error(`--${name} ${text}: must be a number above 0`);
  return number;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`error: ${(error as Error).message}`);
  process.exitCode = 2;
}
