/** Scenarios by seed, and one for every place there is. */
import * as fc from 'fast-check';
import {
  baseRunNames,
  baseRuns,
  migrateVm,
  movedVm,
  target,
  timeoutSeconds,
  type BaseRun,
  type BaseRunName,
} from './base-runs.ts';
import { faultsIn } from './catalogue.ts';
import type { LeftOut } from './kept.ts';
import { premisesOf } from './places.ts';
import type { AskedMove, AskedOperation, PlacedFault, Scenario } from './scenario.ts';

type Input = AskedMove['input'];

/** How often each run is drawn: most scenarios are moves, and one that times out takes ten seconds. */
const weights: Readonly<Record<BaseRunName, number>> = {
  moved: 12,
  canceled: 2,
  timedOut: 1,
  dryRun: 1,
  busy: 1,
  waiting: 2,
  outranked: 2,
  paused: 2,
  terminated: 2,
  settled: 1,
  maintained: 3,
  crowded: 2,
};

/** What a person may ask for besides, none of which changes that the VM is moved. */
const wishes: fc.Arbitrary<Partial<Input>> = fc.record(
  {
    maxDowntimeMs: fc.constantFrom(50, 300, 2000),
    bandwidthMiBps: fc.constantFrom(100, 200, 400),
    acceptWarnings: fc.boolean(),
  },
  { requiredKeys: [] },
);

/** Another VM that is moved at the same time: from the same host, or from the target. */
const alongside: fc.Arbitrary<AskedOperation> = fc.constantFrom(
  migrateVm({ vm: 'vm3', to: target, timeoutSeconds }),
  migrateVm({ vm: 'vm3', timeoutSeconds }),
  migrateVm({ vm: 'vm2', to: 'host3', timeoutSeconds }),
);

const moves: fc.Arbitrary<readonly AskedOperation[]> = wishes.chain((wished) => {
  const toNamedHost = migrateVm({ vm: movedVm, to: target, timeoutSeconds, ...wished });
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant([toNamedHost]) },
    { weight: 2, arbitrary: fc.constant([migrateVm({ vm: movedVm, timeoutSeconds, ...wished })]) },
    { weight: 1, arbitrary: fc.constant([migrateVm({ vm: movedVm }, 'alert')]) },
    { weight: 2, arbitrary: alongside.map((other) => [toNamedHost, other]) },
  );
});

/** As many as a host has room for, one more, and those for which a host is chosen. */
const crowds: fc.Arbitrary<readonly AskedOperation[]> = fc
  .subarray(['vm1', 'vm3', 'vm4', 'vm5'], { minLength: 2 })
  .chain((vms) =>
    fc.tuple(
      ...vms.map((vm) =>
        fc.constantFrom(
          migrateVm({ vm, to: target, timeoutSeconds }),
          migrateVm({ vm, timeoutSeconds, wait: true }),
        ),
      ),
    ),
  );

function operationsOf(run: BaseRunName): fc.Arbitrary<readonly AskedOperation[]> {
  if (run === 'crowded') return crowds;
  return run === 'moved' ? moves : fc.constant(baseRuns[run].operations);
}

function scenarios(run: BaseRunName, leftOut: readonly LeftOut[]): fc.Arbitrary<Scenario> {
  const fault: fc.Arbitrary<PlacedFault> = fc
    .constantFrom(...faultsIn(run, leftOut))
    .chain(({ name, places, acts }) =>
      fc.record({ name: fc.constant(name), at: fc.constantFrom(...places), act: fc.constantFrom(...acts) }),
    );
  return fc
    .record({ operations: operationsOf(run), faults: fc.array(fault, { minLength: 1, maxLength: 3 }) })
    .map(({ operations, faults }) => scenarioIn(run, operations, faults));
}

/** With what it takes for the faults to find their places, each of it once. */
function scenarioIn(
  run: BaseRunName,
  operations: readonly AskedOperation[],
  faults: readonly PlacedFault[],
): Scenario {
  const { datacenter, premises: ofRun }: BaseRun = baseRuns[run];
  const premises = new Map(
    [...ofRun, ...faults.flatMap(({ at }) => premisesOf(at))].map((premise) => [
      JSON.stringify(premise),
      premise,
    ]),
  );
  return {
    ...(datacenter === undefined ? {} : { datacenter }),
    operations: [...operations],
    faults: [...premises.values(), ...faults],
  };
}

/**
 * The scenario that a seed stands for: the same one each time, as long as the catalogue, the record of occasions and
 * what is left out are the same.
 */
export function scenarioOf(seed: number, leftOut: readonly LeftOut[] = []): Scenario {
  const any = fc.oneof(
    ...baseRunNames.map((run) => ({ weight: weights[run], arbitrary: scenarios(run, leftOut) })),
  );
  const [drawn] = fc.sample(any, { seed, numRuns: 1 });
  if (!drawn) throw new Error(`no scenario for seed ${seed}`);
  return { seed, ...drawn };
}

/** One fault at a time, of every kind, at every place where it can strike; a place that two runs share, in the first. */
export function everyScenario(leftOut: readonly LeftOut[] = []): Scenario[] {
  const seen = new Set<string>();
  return baseRunNames.flatMap((run) =>
    faultsIn(run, leftOut).flatMap(({ name, places, acts }) =>
      places.flatMap((at) => {
        const place = `${name} ${JSON.stringify(at)}`;
        if (seen.has(place)) return [];
        seen.add(place);
        return acts.map((act) => scenarioIn(run, baseRuns[run].operations, [{ name, at, act }]));
      }),
    ),
  );
}
