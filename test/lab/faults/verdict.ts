/** What must hold at every end of a move, whatever was done to it on the way. */
import { expect } from 'vitest';
import type { LabHost } from '../../../lab/lab.ts';
import type { Move, Verdict } from './move.ts';

export type Ending = 'moved' | 'stayed';

/** A right end: one running copy on this host, its definition there alone, nothing left, nobody's word undone. */
export function rightEndOn(host: string): Omit<Verdict, 'end' | 'seen'> {
  return { runsOn: [host], persistentOn: [host], left: [], held: [], twice: [], undone: [] };
}

/**
 * Waits for the end of a move and holds the world against what the CLI says of it.
 * @param endings those that are right; a move that was retried may end on another host than it was begun to
 */
export async function expectEnd(move: Move, endings: readonly Ending[]): Promise<Verdict> {
  const { end, ...world } = await move.end();
  const { host, ending } = told(move, end.text);
  expect({ told: end.text, ending: endings.includes(ending ?? 'moved') && ending !== undefined }).toEqual({
    told: end.text,
    ending: true,
  });
  expect(world).toMatchObject(rightEndOn(host));
  expect(end.exitCode).toBe(ending === 'moved' ? 0 : 1);
  // Who was logged in, or had a page half written, must be able to read why that is gone.
  if (world.seen.boots > 1) expect(end.text).toMatch(/from (its )?disk/);
  return { end, ...world };
}

/** What the absence of a worker between the switch-over and the resume costs; printed, since it has no bound of its own. */
export function printAbsence(what: string, { seen, end }: Pick<Verdict, 'seen' | 'end'>): void {
  const failed = Object.entries(seen.failures).map(([why, count]) => `${count} ${why}`);
  console.log(
    `${what}: ${failed.join(', ') || 'no request'} failed, ${seen.waited} of ${seen.requests} waited for more than 1 s, ` +
      `${seen.longestGapMs} ms without an answer; ${end.text.split('\n').at(-1)}`,
  );
}

function told(move: Move, text: string): { readonly host: string; readonly ending?: Ending } {
  const moved = /moved from (\S+) to (\S+):/.exec(text);
  if (moved?.[2] !== undefined && !text.includes('was not moved')) return { host: moved[2], ending: 'moved' };
  if (text.includes('[MigrationAborted]')) return { host: move.source.name, ending: 'stayed' };
  return { host: move.source.name };
}

/** Where the VM was before. */
export function expectUntouched(verdict: Omit<Verdict, 'end'>, host: LabHost): void {
  expect(verdict).toMatchObject(rightEndOn(host.name));
  expect(verdict.seen.failures).toEqual({});
}
