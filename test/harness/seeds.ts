/** Scenarios by seed, and one for every place there is. */
import * as fc from 'fast-check';
import { kindsWithout, movedVm } from './catalogue.ts';
import type { AskedOperation, PlacedFault, Scenario } from './scenario.ts';

/** The copy is given up so soon, that one which never converges ends within a scenario's time. */
const timeoutSeconds = 10;
const toNamedHost: AskedOperation = {
  workflow: 'migrateVm',
  input: { vm: movedVm, to: 'host2', timeoutSeconds },
  by: 'library',
};
const toBestHost: AskedOperation = {
  workflow: 'migrateVm',
  input: { vm: movedVm, timeoutSeconds },
  by: 'library',
};
const toOtherHost: AskedOperation = {
  workflow: 'migrateVm',
  input: { vm: movedVm, to: 'host3', timeoutSeconds },
  by: 'library',
};
const byAlert: AskedOperation = { workflow: 'migrateVm', input: { vm: movedVm }, by: 'alert' };

const operations: fc.Arbitrary<readonly AskedOperation[]> = fc.oneof(
  { weight: 4, arbitrary: fc.constant([toNamedHost]) },
  { weight: 2, arbitrary: fc.constant([toBestHost]) },
  { weight: 1, arbitrary: fc.constant([byAlert]) },
  { weight: 1, arbitrary: fc.constant([toNamedHost, toOtherHost]) },
);

const nothing: ReadonlySet<string> = new Set();

/**
 * The scenario that a seed stands for: the same one each time, as long as the catalogue is.
 * @param leftOut names of faults that are not drawn
 */
export function scenarioOf(seed: number, leftOut = nothing): Scenario {
  const fault: fc.Arbitrary<PlacedFault> = fc
    .constantFrom(...kindsWithout(leftOut))
    .chain(([name, { places, acts }]) =>
      fc.record({ name: fc.constant(name), at: fc.constantFrom(...places), act: fc.constantFrom(...acts) }),
    );
  const scenario = fc.record({
    seed: fc.constant(seed),
    operations,
    faults: fc.array(fault, { minLength: 1, maxLength: 3 }),
  });
  const [drawn] = fc.sample(scenario, { seed, numRuns: 1 });
  if (!drawn) throw new Error(`no scenario for seed ${seed}`);
  return { ...drawn, operations: [...drawn.operations] };
}

/** One fault at a time, of every kind, at every place where it can strike. */
export function everyScenario(leftOut = nothing): Scenario[] {
  return kindsWithout(leftOut).flatMap(([name, { places, acts }]) =>
    places.flatMap((at) =>
      acts.map((act): Scenario => ({ operations: [toNamedHost], faults: [{ name, at, act }] })),
    ),
  );
}
