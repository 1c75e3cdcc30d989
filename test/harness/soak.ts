/**
 * `npm run soak -- --minutes N [--seed S] [--cells C] [--json]`: random operations with random faults, an audit after
 * each, for as long as one wants. A failing seed is run again, shrunk, and printed as it goes into `kept-seeds.json`.
 * Instead: `--every` runs one fault at a time, at every place there is, `--every --fault NAME` those of one kind;
 * `--only SEED` one seed; `--scenario JSON` one scenario. `--all` draws what the kept seeds leave out as well.
 *
 * A seed stands for another scenario once the catalogue of faults, the record of occasions or the kept seeds have
 * changed: a conviction is replayed exactly by the scenario that is printed with it.
 */
import { Command } from 'commander';
import { readOptions } from '../../setup/options.ts';
import type { Cell } from './cell.ts';
import { leftOut, leftOutInWords, readKept } from './kept.ts';
import { endCells, runMany, startCells } from './many.ts';
import { runScenario } from './run-scenario.ts';
import { Scenario } from './scenario.ts';
import { everyScenario, scenarioOf } from './seeds.ts';
import { shrink } from './shrink.ts';
import { Tally } from './tally.ts';
import { verdictInWords, type Verdict } from './verdict.ts';

const values = readOptions(
  new Command('npm run soak --')
    .description('Random operations with random faults on a simulated datacenter, an audit after each.')
    .option('--minutes <n>', 'for so long', '10')
    .option('--seed <n>', 'the first seed (default: made of the time)')
    .option('--cells <n>', 'so many Drovers at once', '4')
    .option('--workflow <name>', 'scenarios that ask for this operation alone: maintainHosts')
    .option('--every', 'instead: one fault at a time, at every place there is')
    .option('--fault <name>', 'with --every: faults of this kind alone')
    .option('--only <seed>', 'instead: the scenario of one seed')
    .option('--scenario <json>', 'instead: this scenario, as a conviction prints it')
    .option('--all', 'draw what the kept seeds leave out as well')
    .option('--json', 'end with the figures as one line'),
).opts<{
  minutes: string;
  seed?: string;
  cells: string;
  workflow?: string;
  every?: true;
  fault?: string;
  only?: string;
  scenario?: string;
  all?: true;
  json?: true;
}>();

/** What is run, in its order, and a line that says what it is. */
interface Programme {
  readonly title: string;
  readonly next: () => Scenario | undefined;
  readonly mostCells: number;
}

function programme(): Programme {
  const without = values.all ? [] : leftOut(readKept());
  const leaving = `left out: ${leftOutInWords(without)}`;
  const listed = (scenarios: Scenario[], title: string): Programme => ({
    title,
    next: () => scenarios.shift(),
    mostCells: scenarios.length,
  });
  if (values.scenario !== undefined)
    return listed([Scenario.parse(JSON.parse(values.scenario))], 'one scenario');
  if (values.only !== undefined)
    return listed([scenarioOf(positive('only', values.only), without)], `seed ${values.only}, ${leaving}`);
  if (values.every) {
    const all = everyScenario(without).filter(
      ({ faults }) => values.fault === undefined || faults.at(-1)?.name === values.fault,
    );
    return listed(all, `${all.length} scenarios, one for each place; ${leaving}`);
  }
  const minutes = positive('minutes', values.minutes);
  let seed = values.seed === undefined ? Date.now() % 1_000_000_000 : positive('seed', values.seed);
  const untilMs = performance.now() + minutes * 60_000;
  return {
    title: `${minutes} minutes from seed ${seed} on; ${leaving}`,
    next: () => {
      while (performance.now() < untilMs) {
        const scenario = scenarioOf(seed++, without);
        if (
          values.workflow === undefined ||
          scenario.operations.some(({ workflow }) => workflow === values.workflow)
        )
          return scenario;
      }
      return undefined;
    },
    mostCells: Infinity,
  };
}

async function main(): Promise<number> {
  const { title, next, mostCells } = programme();
  const cells: Cell[] = [];
  try {
    cells.push(...(await startCells(Math.min(mostCells, positive('cells', values.cells)))));
    console.error(`${title}, in ${cells.length} cells`);
    const tally = new Tally();
    await runMany(cells, next, (verdict) => {
      tally.add(verdict);
      if (verdict.charges.length > 0 || mostCells === 1) console.log(verdictInWords(verdict));
    });
    const { runs, struck, convicted } = tally;
    const [cell] = cells;
    if (cell) for (const verdict of convicted) await explain(cell, verdict);
    console.log(`struck: ${tally.byKind}`);
    console.log(`${runs} scenarios, in ${struck} a fault struck, ${convicted.length} convicted`);
    if (values.json) {
      const seeds = convicted.map(({ scenario }) => scenario.seed ?? null);
      console.log(JSON.stringify({ runs, struck, convicted: convicted.length, seeds }));
    }
    return convicted.length === 0 ? 0 : 1;
  } finally {
    await endCells(cells);
  }
}

/** Runs a failing scenario again, and prints the shortest that is convicted of the same. */
async function explain(cell: Cell, verdict: Verdict): Promise<void> {
  const { seed } = verdict.scenario;
  const name = seed === undefined ? 'the scenario' : `seed ${seed}`;
  const again = await runScenario(cell, verdict.scenario);
  if (again.charges.length === 0) {
    console.log(`${name} was acquitted when it ran again: its faults met another moment of the work`);
    return;
  }
  const shortest = await shrink(again, (scenario) => runScenario(cell, scenario));
  console.log(`${name}, at its shortest:\n${verdictInWords(shortest)}`);
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
