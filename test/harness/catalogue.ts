/** Everything that the harness lets go wrong, by name: where it can strike, and what happens there. */
import { migrationMoments } from '../../lab/simulated/world.ts';
import type { SimulatedRequest } from '../../model/simulated.ts';
import type { Act, FaultPlace } from './scenario.ts';

/** The VM that is moved, where it is, and where it goes. */
export const movedVm = 'vm1';
const source = 'host1';
const target = 'host2';
/** Past the heartbeat timeout of a move, so that another attempt is under way when it wakes. */
const freezeMs = 7000;
const phases = ['before', 'after', 'answered'] as const;

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

function callPlaces(
  at: readonly (typeof phases)[number][],
  calls?: readonly SimulatedRequest[],
): FaultPlace[] {
  return occasions
    .filter(([call]) => !calls || calls.includes(call))
    .flatMap(([call, host, times]) =>
      Array.from({ length: times }, (_, done) =>
        at.map((phase) => ({ kind: 'call' as const, call, host, nth: done + 1, phase })),
      ).flat(),
    );
}

const start: FaultPlace = { kind: 'start' };
/** Before, during and after every step, every call and every reply. */
const anywhere: readonly FaultPlace[] = [
  ...callPlaces(phases),
  ...migrationMoments.map((moment) => ({ kind: 'migration' as const, moment, nth: 1 })),
  ...['readSite', 'checkMigration', 'moveVm'].flatMap((activity) =>
    (['begins', 'ends'] as const).map((phase) => ({
      kind: 'activity' as const,
      activity,
      attempt: 1,
      phase,
    })),
  ),
];

type WorldAct = Extract<Act, { kind: 'world' }>;
const world = (fault: WorldAct['fault'], undo?: WorldAct['undo'], afterMs = 3000): WorldAct => ({
  kind: 'world',
  fault,
  ...(undo ? { undo } : {}),
  afterMs,
});

/** Links that are cut one way each, and mended. */
const cuts = (...links: readonly (readonly [from: string, to: string])[]): WorldAct[] =>
  links.map(([from, to]) => world({ kind: 'cutLink', from, to }, { kind: 'mendLink', from, to }));

export interface FaultKind {
  readonly places: readonly FaultPlace[];
  readonly acts: readonly Act[];
}

/** Every kind of fault by its name. */
export const faultKinds: Readonly<Record<string, FaultKind>> = {
  workerKilled: { places: anywhere, acts: [{ kind: 'killWorker' }] },
  workerFrozen: { places: anywhere, acts: [{ kind: 'freezeWorker', forMs: freezeMs }] },
  temporalKilled: { places: [...anywhere, start], acts: [{ kind: 'killTemporal' }] },
  receiverKilled: { places: [start], acts: [{ kind: 'killReceiver' }] },
  canceled: { places: anywhere, acts: [{ kind: 'cancel' }] },
  orderLost: { places: callPlaces(['before']), acts: [{ kind: 'loseReply' }] },
  replyLost: { places: callPlaces(['after']), acts: [{ kind: 'loseReply' }] },
  refused: {
    places: callPlaces(['before']),
    acts: [{ kind: 'refuse', message: 'refused by the harness' }],
  },
  disconnected: { places: callPlaces(phases), acts: [{ kind: 'disconnect' }] },
  answeredLate: { places: callPlaces(phases), acts: [{ kind: 'delay', ms: 1500 }] },
  answeredWrong: {
    places: callPlaces(['after'], ['report', 'sight', 'migrationProgress']),
    acts: [{ kind: 'lie' }],
  },
  hostFrozen: {
    places: anywhere,
    acts: [source, target].map((host) => world({ kind: 'freezeHost', host }, { kind: 'thawHost', host })),
  },
  daemonRestarted: {
    places: anywhere,
    acts: [source, target].map((host) => world({ kind: 'restartDaemon', host })),
  },
  sourceCrashed: {
    places: anywhere,
    acts: [world({ kind: 'crashHost', host: source }, { kind: 'powerOn', host: source })],
  },
  targetCrashed: {
    places: anywhere,
    acts: [world({ kind: 'crashHost', host: target }, { kind: 'powerOn', host: target })],
  },
  /** The two ends of a migration no longer hear each other, or one of them. */
  peersParted: {
    places: anywhere,
    acts: [
      ...[source, target].map((host) => world({ kind: 'isolateHost', host }, { kind: 'rejoinHost', host })),
      ...cuts([source, target], [target, source]),
    ],
  },
  workerCutOff: {
    places: anywhere,
    acts: cuts(['worker', source], [source, 'worker'], ['worker', target], [target, 'worker']),
  },
  storageLost: {
    places: anywhere,
    acts: [
      world({ kind: 'storageAway', storage: 'san1' }, { kind: 'storageBack', storage: 'san1' }),
      ...cuts([target, 'san1']),
    ],
  },
  copyFails: { places: [start], acts: [world({ kind: 'migration', vm: movedVm, failsAt: 0.3 })] },
  neverConverges: {
    places: [start],
    acts: [
      world(
        { kind: 'migration', vm: movedVm, neverConverges: true },
        { kind: 'migration', vm: movedVm },
        12_000,
      ),
    ],
  },
  lastReplyLost: { places: [start], acts: [world({ kind: 'migration', vm: movedVm, losesLastReply: true })] },
  guestCrashes: { places: anywhere, acts: [world({ kind: 'crashGuest', vm: movedVm })] },
  personActs: {
    places: anywhere,
    acts: (['destroy', 'suspend', 'shutDown'] as const).map((order) =>
      world({ kind: 'person', order, vm: movedVm }),
    ),
  },
};

/** The kinds that are not left out, by name. */
export function kindsWithout(leftOut: ReadonlySet<string>): (readonly [name: string, kind: FaultKind])[] {
  return Object.entries(faultKinds).filter(([name]) => !leftOut.has(name));
}
