/**
 * `npm run bench:placement`: plans that empty hosts, on small herds, against an exact solver (HiGHS, a MIP): how often
 * the plan has the fewest moves, how far the busiest host's load is above the lowest that so many moves allow, and how
 * long each takes. `--help` lists the options.
 */
import { Command } from 'commander';
import { tableOf } from '../client/cli/output.ts';
import { planEvacuation } from '../policies/evacuation/planner.ts';
import { readOptions } from '../setup/options.ts';
import { casesOf } from './placement-cases.ts';
import { loadOfPlan, solve } from './placement-exact.ts';
import { shownMs, spreadOf } from './spread.ts';

interface Options {
  readonly cases: string;
  readonly seed: string;
  readonly json?: true;
}

const values = readOptions(
  new Command('npm run bench:placement --')
    .description('Plans that empty hosts, against an exact solver.')
    .option('--cases <n>', 'herds', '200')
    .option('--seed <n>', 'of the first herd', '1')
    .option('--json', 'end with the figures as one line'),
).opts<Options>();

async function main(): Promise<number> {
  const planMs: number[] = [];
  const exactMs: number[] = [];
  const gaps: number[] = [];
  let [optimal, missed, more, impossible, displacing] = [0, 0, 0, 0, 0];
  for (const one of casesOf(Number(values.cases), Number(values.seed))) {
    const began = performance.now();
    const plan = planEvacuation(one.snapshot, one.question);
    planMs.push(performance.now() - began);
    const startedMs = performance.now();
    const exact = await solve(one);
    exactMs.push(performance.now() - startedMs);
    if (!exact) {
      impossible++;
      // Where there is no plan, a plan would be wrong.
      if (plan.unplaced.length > 0) optimal++;
      else throw new Error(`case ${one.seed}: a plan where the solver has found that there is none`);
      continue;
    }
    if (exact.moves > one.question.vms.length) displacing++;
    if (plan.unplaced.length > 0) missed++;
    else if (plan.moves.length === exact.moves) {
      optimal++;
      gaps.push(loadOfPlan(one, plan) / exact.lowestLoad - 1);
    } else more++;
  }
  const cases = planMs.length;
  const optimalShare = Math.round((optimal / cases) * 1000) / 1000;
  const worstGap = Math.round(Math.max(0, ...gaps) * 1000) / 1000;
  const medianGap = gaps.length === 0 ? 0 : Math.round(spreadOf(gaps).median * 1000) / 1000;
  console.log(
    tableOf([
      [
        'CASES',
        'FEWEST MOVES',
        'MORE MOVES',
        'NO PLAN FOUND',
        'NONE EXISTS',
        'OTHERS HAD TO MOVE',
        'LOAD GAP MEDIAN',
        'WORST',
      ],
      [cases, optimal, more, missed, impossible, displacing, medianGap, worstGap].map(String),
    ]),
  );
  console.log(`plan ${shownMs(spreadOf(planMs))}; exact ${shownMs(spreadOf(exactMs))}`);
  if (values.json) {
    const figures = {
      cases,
      optimalShare,
      worstGap,
      medianGap,
      moreMoves: more,
      noPlanFound: missed,
      othersHadToMove: displacing,
    };
    console.log(
      JSON.stringify({ ...figures, planMs: spreadOf(planMs).median, exactMs: spreadOf(exactMs).median }),
    );
  }
  return 0;
}

process.exitCode = await main();
