/** Traps that stand at one place. */
import { expect, test } from 'vitest';
import { Traps, type Trap, type TrapAction } from './traps.ts';

const occasion = { kind: 'call', call: 'sight', host: 'host1', phase: 'before' } as const;
const trap = (id: string, nth: number, action: TrapAction): Trap => ({
  id,
  place: { kind: 'call', call: 'sight', nth, phase: 'before' },
  action,
});
const refuse = { kind: 'refuse', message: 'no' } as const;
const lie = { kind: 'lie' } as const;

test('count every occasion, also one at which another springs', async () => {
  const sprung: string[] = [];
  const traps = new Traps(({ id }) => sprung.push(id));
  traps.set(trap('first', 1, refuse));
  traps.set(trap('second', 2, lie));
  expect(await traps.meet(occasion)).toEqual(refuse);
  expect(await traps.meet(occasion)).toEqual(lie);
  expect(await traps.meet(occasion)).toBeUndefined();
  expect(sprung).toEqual(['first', 'second']);
});

test('spring together: holds are waited for, and what is no hold is done', async () => {
  const sprung: string[] = [];
  const traps = new Traps(({ id }) => sprung.push(id));
  traps.set(trap('held', 1, { kind: 'hold' }));
  traps.set(trap('lies', 1, lie));
  const met = traps.meet(occasion);
  expect(sprung).toEqual(['held', 'lies']);
  traps.letGo('held');
  expect(await met).toEqual(lie);
  expect(traps.isEmpty).toBe(true);
});
