/** The record of what undisturbed runs ask of the hosts is held to what they ask. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { baseRunNames, type BaseRunName } from './base-runs.ts';
import type { Cell } from './cell.ts';
import { endCells, startCells } from './many.ts';
import {
  countOccasions,
  differences,
  forRecord,
  readOccasions,
  recordCommand,
  writeOccasions,
  type Occasions,
} from './occasions.ts';

let cells: Cell[] = [];
beforeAll(async () => {
  cells = await startCells(2);
}, 120_000);
afterAll(() => endCells(cells), 60_000);

async function countAll(): Promise<Map<BaseRunName, Occasions>> {
  const counted = new Map<BaseRunName, Occasions>();
  const left = [...baseRunNames];
  await Promise.all(
    cells.map(async (cell) => {
      // A worker remembers for a while which CPUs run where: counted is one that has moved something before.
      await countOccasions(cell, 'moved');
      for (let run = left.shift(); run; run = left.shift()) counted.set(run, await countOccasions(cell, run));
    }),
  );
  return counted;
}

test('the record is what undisturbed runs ask, begin and reach', async () => {
  const counted = await countAll();
  if (process.env['RECORD_OCCASIONS']) {
    const record = baseRunNames.map((run) => {
      const occasions = counted.get(run);
      if (!occasions) throw new Error(`${run} was not counted`);
      return [run, forRecord(run, occasions)];
    });
    writeOccasions(Object.fromEntries(record));
  }
  const recorded = readOccasions();
  const found = [...counted].flatMap(([run, occasions]) => differences(run, recorded[run], occasions));
  expect(found, `if this is as it should be, record it anew: ${recordCommand}`).toEqual([]);
}, 180_000);

describe('differences are told', () => {
  const none = { activities: [], moments: [] };

  test('of a call more or less, and of one that is not recorded', () => {
    const recorded = { ...none, calls: { host1: { sight: 2 } } };
    const counted = { ...none, calls: { host1: { sight: 3 }, host2: { resume: 1 } } };
    expect(differences('moved', recorded, counted)).toEqual([
      'moved: host1 is asked sight 3 times, and the record says 2',
      'moved: host2 is asked resume 1 times, and the record says 0',
    ]);
  });

  test('of what depends on time only where it is less', () => {
    const recorded = { ...none, calls: { host1: { migrationProgress: 2, sight: 2 } } };
    const more = { ...none, calls: { host1: { migrationProgress: 9, sight: 9 } } };
    const less = { ...none, calls: { host1: { migrationProgress: 1, sight: 2 } } };
    expect(differences('timedOut', recorded, more)).toEqual([]);
    expect(differences('moved', recorded, less)).toEqual([
      'moved: host1 is asked migrationProgress 1 times, and the record says 2, at least',
    ]);
  });

  test('of activities and moments', () => {
    const counted: Occasions = { calls: {}, activities: ['moveVm'], moments: ['prepared'] };
    expect(differences('busy', { ...none, calls: {} }, counted)).toEqual([
      'busy: its activities are moveVm, and the record says ',
      'busy: its moments are prepared, and the record says ',
    ]);
  });
});
