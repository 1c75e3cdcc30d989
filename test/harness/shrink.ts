/** Makes a failing scenario as short as it can be: faults are left out as long as it is still convicted of the same. */
import type { Scenario } from './scenario.ts';
import type { Verdict } from './verdict.ts';

/** Whether two verdicts hold the same against a scenario: one kind of charge in common. */
export function convictsAlike(a: Verdict, b: Verdict): boolean {
  const kinds = new Set(a.charges.map(({ kind }) => kind));
  return b.charges.some(({ kind }) => kinds.has(kind));
}

/**
 * The shortest scenario that is found by leaving out one fault or one operation after another.
 * @param failing a verdict with charges
 * @param run runs a scenario; it is called once for each try
 */
export async function shrink(
  failing: Verdict,
  run: (scenario: Scenario) => Promise<Verdict>,
): Promise<Verdict> {
  let shortest = failing;
  for (;;) {
    const shorter = await firstConvicted(shortest, run);
    if (!shorter) return shortest;
    shortest = shorter;
  }
}

async function firstConvicted(
  failing: Verdict,
  run: (scenario: Scenario) => Promise<Verdict>,
): Promise<Verdict | undefined> {
  for (const scenario of shorterThan(failing.scenario)) {
    const verdict = await run(scenario);
    if (convictsAlike(failing, verdict)) return verdict;
  }
  return undefined;
}

/** Every scenario that lacks one thing; the seed is gone, since it stands for the whole. */
export function shorterThan(scenario: Scenario): Scenario[] {
  const { seed: _, ...whole } = scenario;
  const { operations, faults } = whole;
  return [
    ...faults.map((_fault, at) => ({ ...whole, faults: faults.toSpliced(at, 1) })),
    ...(operations.length > 1
      ? operations.map((_operation, at) => ({ ...whole, operations: operations.toSpliced(at, 1) }))
      : []),
  ];
}
