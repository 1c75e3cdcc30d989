/** What is left of a failing scenario, judged by a referee that knows whom it convicts. */
import { expect, test } from 'vitest';
import type { PlacedFault, Scenario } from './scenario.ts';
import { shrink } from './shrink.ts';
import type { Verdict } from './verdict.ts';

const fault = (name: string): PlacedFault => ({ name, at: { kind: 'start' }, act: { kind: 'killTemporal' } });
const move = (to: string): Scenario['operations'][number] => ({
  workflow: 'migrateVm',
  input: { vm: 'vm1', to },
  by: 'library',
});

/** Convicts of `kind` whatever has all of these faults. */
function judge(kind: string, ...guilty: string[]) {
  return (scenario: Scenario): Promise<Verdict> => {
    const names = scenario.faults.map(({ name }) => name);
    const isGuilty = guilty.every((name) => names.includes(name));
    const charges = isGuilty ? [{ kind, message: '' }] : [];
    return Promise.resolve({ scenario, charges, endings: [], struck: names, activities: [], tookMs: 0 });
  };
}

test('only the faults that it takes are left, and one operation', async () => {
  const run = judge('twoRunning', 'b', 'd');
  const long = { operations: [move('host2'), move('host3')], faults: ['a', 'b', 'c', 'd'].map(fault) };
  const { scenario } = await shrink(await run(long), run);
  expect(scenario.faults.map(({ name }) => name)).toEqual(['b', 'd']);
  expect(scenario.operations).toHaveLength(1);
});

test('what is convicted of something else is no shorter form of it', async () => {
  const both = judge('twoRunning', 'a', 'b');
  const other = judge('leftover', 'a');
  const run = async (scenario: Scenario): Promise<Verdict> => {
    const verdict = await both(scenario);
    return verdict.charges.length > 0 ? verdict : other(scenario);
  };
  const { scenario } = await shrink(
    await run({ operations: [move('host2')], faults: ['a', 'b'].map(fault) }),
    run,
  );
  expect(scenario.faults.map(({ name }) => name)).toEqual(['a', 'b']);
});
