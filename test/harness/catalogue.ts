/** Everything that the harness lets go wrong, by name, and the scenario that a seed stands for. */
import * as fc from 'fast-check';
import { migrationMoments } from '../../lab/simulated/world.ts';
import type { SimulatedRequest } from '../../model/simulated.ts';
import type { Act, AskedOperation, FaultPlace, PlacedFault, Scenario } from './scenario.ts';

/** The VM that is moved, where it is, and where it goes when a host is named. */
const vm = 'vm1';
const source = 'host1';
const target = 'host2';
/** What an undisturbed `migrateVm` asks of each host, and how often: where a call can be broken. */
const occasions: readonly (readonly [SimulatedRequest, string, number])[] = [
  ['open', source, 6],
  ['report', source, 1],
  ['definition', source, 1],
  ['cpu', source, 1],
  ['sight', source, 2],
  ['migrate', source, 1],
  ['migrationProgress', source, 4],
  ['open', target, 6],
  ['report', target, 1],
  ['cpu', target, 1],
  ['rehearse', target, 1],
  ['sight', target, 2],
  ['migrationFigures', target, 1],
];
const activities = ['readSite', 'checkMigration', 'moveVm'] as const;
/** Past the heartbeat timeout of a move, so that another attempt is under way when it wakes. */
const freezeMs = 7000;

const callPlace = (
  phases: readonly ('before' | 'after' | 'answered')[] = ['before', 'after', 'answered'],
  calls?: readonly SimulatedRequest[],
): fc.Arbitrary<FaultPlace> =>
  fc
    .constantFrom(...occasions.filter(([call]) => !calls || calls.includes(call)))
    .chain(([call, host, times]) =>
      fc.record({
        kind: fc.constant('call' as const),
        call: fc.constant(call),
        host: fc.constant(host),
        nth: fc.integer({ min: 1, max: times }),
        phase: fc.constantFrom(...phases),
      }),
    );
const momentPlace: fc.Arbitrary<FaultPlace> = fc.record({
  kind: fc.constant('migration' as const),
  moment: fc.constantFrom(...migrationMoments),
  nth: fc.constant(1),
});
const activityPlace: fc.Arbitrary<FaultPlace> = fc.record({
  kind: fc.constant('activity' as const),
  activity: fc.constantFrom(...activities),
  attempt: fc.constant(1),
  phase: fc.constantFrom('begins' as const, 'ends' as const),
});
const start: fc.Arbitrary<FaultPlace> = fc.constant({ kind: 'start' });
const anywhere = fc.oneof(
  { weight: 4, arbitrary: callPlace() },
  { weight: 4, arbitrary: momentPlace },
  { weight: 2, arbitrary: activityPlace },
);

interface FaultKind {
  readonly at: fc.Arbitrary<FaultPlace>;
  readonly act: fc.Arbitrary<Act>;
}
const acts = (...those: readonly Act[]): fc.Arbitrary<Act> => fc.constantFrom(...those);
type WorldAct = Extract<Act, { kind: 'world' }>;
const world = (fault: WorldAct['fault'], undo?: WorldAct['undo']): WorldAct => ({
  kind: 'world',
  fault,
  ...(undo ? { undo } : {}),
  afterMs: 3000,
});

/** Links that are cut one way each, and mended. */
const cuts = (...links: readonly (readonly [from: string, to: string])[]): WorldAct[] =>
  links.map(([from, to]) => world({ kind: 'cutLink', from, to }, { kind: 'mendLink', from, to }));

/** Every kind of fault by its name. */
export const faultKinds: Readonly<Record<string, FaultKind>> = {
  workerKilled: { at: anywhere, act: acts({ kind: 'killWorker' }) },
  workerFrozen: { at: anywhere, act: acts({ kind: 'freezeWorker', forMs: freezeMs }) },
  temporalKilled: { at: fc.oneof(anywhere, start), act: acts({ kind: 'killTemporal' }) },
  receiverKilled: { at: start, act: acts({ kind: 'killReceiver' }) },
  canceled: { at: anywhere, act: acts({ kind: 'cancel' }) },
  orderLost: { at: callPlace(['before']), act: acts({ kind: 'loseReply' }) },
  replyLost: { at: callPlace(['after']), act: acts({ kind: 'loseReply' }) },
  refused: { at: callPlace(['before']), act: acts({ kind: 'refuse', message: 'refused by the harness' }) },
  disconnected: { at: callPlace(), act: acts({ kind: 'disconnect' }) },
  answeredLate: { at: callPlace(), act: acts({ kind: 'delay', ms: 1500 }) },
  answeredWrong: {
    at: callPlace(['after'], ['report', 'sight', 'migrationProgress']),
    act: acts({ kind: 'lie' }),
  },
  hostFrozen: {
    at: anywhere,
    act: acts(
      ...[source, target].map((host) => world({ kind: 'freezeHost', host }, { kind: 'thawHost', host })),
    ),
  },
  daemonRestarted: {
    at: anywhere,
    act: acts(...[source, target].map((host) => world({ kind: 'restartDaemon', host }))),
  },
  sourceCrashed: {
    at: anywhere,
    act: acts(world({ kind: 'crashHost', host: source }, { kind: 'powerOn', host: source })),
  },
  targetCrashed: {
    at: anywhere,
    act: acts(world({ kind: 'crashHost', host: target }, { kind: 'powerOn', host: target })),
  },
  /** The two ends of a migration no longer hear each other, or one of them. */
  peersParted: {
    at: anywhere,
    act: acts(
      ...[source, target].map((host) => world({ kind: 'isolateHost', host }, { kind: 'rejoinHost', host })),
      ...cuts([source, target], [target, source]),
    ),
  },
  workerCutOff: {
    at: anywhere,
    act: acts(...cuts(['worker', source], [source, 'worker'], ['worker', target], [target, 'worker'])),
  },
  storageLost: {
    at: anywhere,
    act: acts(
      world({ kind: 'storageAway', storage: 'san1' }, { kind: 'storageBack', storage: 'san1' }),
      world({ kind: 'cutLink', from: target, to: 'san1' }, { kind: 'mendLink', from: target, to: 'san1' }),
    ),
  },
  copyFails: { at: start, act: acts(world({ kind: 'migration', vm, failsAt: 0.3 })) },
  neverConverges: {
    at: start,
    act: acts({
      ...world({ kind: 'migration', vm, neverConverges: true }, { kind: 'migration', vm }),
      afterMs: 12_000,
    }),
  },
  lastReplyLost: { at: start, act: acts(world({ kind: 'migration', vm, losesLastReply: true })) },
  guestCrashes: { at: anywhere, act: acts(world({ kind: 'crashGuest', vm })) },
  personActs: {
    at: anywhere,
    act: acts(
      world({ kind: 'person', order: 'destroy', vm }),
      world({ kind: 'person', order: 'suspend', vm }),
      world({ kind: 'person', order: 'shutDown', vm }),
    ),
  },
};

const operations: fc.Arbitrary<AskedOperation[]> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constant<AskedOperation[]>([
      { workflow: 'migrateVm', input: { vm, to: target, timeoutSeconds: 10 }, by: 'library' },
    ]),
  },
  {
    weight: 2,
    arbitrary: fc.constant<AskedOperation[]>([
      { workflow: 'migrateVm', input: { vm, timeoutSeconds: 10 }, by: 'library' },
    ]),
  },
  {
    weight: 1,
    arbitrary: fc.constant<AskedOperation[]>([{ workflow: 'migrateVm', input: { vm }, by: 'alert' }]),
  },
  {
    weight: 1,
    arbitrary: fc.constant<AskedOperation[]>([
      { workflow: 'migrateVm', input: { vm, to: target, timeoutSeconds: 10 }, by: 'library' },
      { workflow: 'migrateVm', input: { vm, to: 'host3', timeoutSeconds: 10 }, by: 'library' },
    ]),
  },
);

/**
 * The scenario that a seed stands for: the same one each time, as long as the catalogue is.
 * @param leftOut names of faults that are not to be drawn
 */
export function scenarioOf(seed: number, leftOut: ReadonlySet<string> = new Set()): Scenario {
  const kinds = Object.entries(faultKinds).filter(([name]) => !leftOut.has(name));
  const fault: fc.Arbitrary<PlacedFault> = fc
    .constantFrom(...kinds)
    .chain(([name, { at, act }]) => fc.record({ name: fc.constant(name), at, act }));
  const scenario = fc.record({
    seed: fc.constant(seed),
    operations,
    faults: fc.array(fault, { minLength: 1, maxLength: 3 }),
  });
  const [drawn] = fc.sample(scenario, { seed, numRuns: 1 });
  if (!drawn) throw new Error(`no scenario for seed ${seed}`);
  return drawn;
}
