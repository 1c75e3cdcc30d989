/** Runs scenarios in several cells at once: most of the time of a scenario is waiting for timeouts. */
import { Cell } from './cell.ts';
import { runScenario } from './run-scenario.ts';
import type { Scenario } from './scenario.ts';
import type { Verdict } from './verdict.ts';

/**
 * @param next the next scenario, or undefined when there is none any more
 * @param judged is called with each verdict as it comes
 */
export async function runMany(
  cells: readonly Cell[],
  next: () => Scenario | undefined,
  judged: (verdict: Verdict) => void,
): Promise<void> {
  await Promise.all(
    cells.map(async (cell) => {
      for (let scenario = next(); scenario; scenario = next()) judged(await runScenario(cell, scenario));
    }),
  );
}

/** Starts so many cells, one after another: each starts a Temporal server and a worker. Where one fails, all end. */
export async function startCells(count: number): Promise<Cell[]> {
  const cells: Cell[] = [];
  try {
    for (let at = 0; at < count; at++) cells.push(await Cell.start());
  } catch (error) {
    await endCells(cells);
    throw error;
  }
  return cells;
}

export async function endCells(cells: readonly Cell[]): Promise<void> {
  await Promise.all(cells.map((cell) => cell[Symbol.asyncDispose]()));
}
