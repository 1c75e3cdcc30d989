/** Everything that the harness lets go wrong, by name: where it can strike, and what happens there. */
import {
  migrateVm,
  movedVm,
  pausedByPerson,
  settleVm,
  source,
  target,
  timeoutSeconds,
  type BaseRunName,
} from './base-runs.ts';
import { isLeftOut, type LeftOut } from './kept.ts';
import { before, callPlaces, everywhere, phases, start } from './places.ts';
import type { Act, FaultPlace } from './scenario.ts';

/** Past the heartbeat timeout of a move, so that another attempt is under way when it wakes. */
const freezeMs = 7000;

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
  readonly places: (run: BaseRunName) => readonly FaultPlace[];
  readonly acts: readonly Act[];
}

const atStart = (): FaultPlace[] => [start];

/** Every kind of fault by its name. */
export const faultKinds: Readonly<Record<string, FaultKind>> = {
  workerKilled: { places: everywhere, acts: [{ kind: 'killWorker' }] },
  workerFrozen: { places: everywhere, acts: [{ kind: 'freezeWorker', forMs: freezeMs }] },
  temporalKilled: { places: (run) => [...everywhere(run), start], acts: [{ kind: 'killTemporal' }] },
  receiverKilled: { places: atStart, acts: [{ kind: 'killReceiver' }] },
  canceled: { places: everywhere, acts: [{ kind: 'cancel' }] },
  // A maintenance that is terminated leaves its hosts closed, as it should, and the next scenario needs them.
  terminated: {
    places: (run) => (run === 'maintained' ? [] : everywhere(run)),
    acts: [{ kind: 'terminate' }],
  },
  /** One that comes first, one that waits, and one that wants to know where the VM is. */
  anotherAsked: {
    places: everywhere,
    acts: [
      migrateVm({ vm: movedVm, to: 'host3', timeoutSeconds, rank: 'failover' }),
      migrateVm({ vm: movedVm, to: 'host3', timeoutSeconds, wait: true }),
      settleVm,
    ].map((operation): Act => ({ kind: 'ask', operation })),
  },
  orderLost: { places: (run) => callPlaces(run, ['before']), acts: [{ kind: 'loseReply' }] },
  replyLost: { places: (run) => callPlaces(run, ['after']), acts: [{ kind: 'loseReply' }] },
  refused: {
    places: (run) => callPlaces(run, ['before']),
    acts: [{ kind: 'refuse', message: 'refused by the harness' }],
  },
  disconnected: { places: (run) => callPlaces(run, phases), acts: [{ kind: 'disconnect' }] },
  answeredLate: { places: (run) => callPlaces(run, phases), acts: [{ kind: 'delay', ms: 1500 }] },
  answeredWrong: {
    places: (run) => callPlaces(run, ['after'], ['report', 'sight', 'migrationProgress']),
    acts: [{ kind: 'lie' }],
  },
  hostFrozen: {
    places: everywhere,
    acts: [source, target].map((host) => world({ kind: 'freezeHost', host }, { kind: 'thawHost', host })),
  },
  daemonRestarted: {
    places: everywhere,
    acts: [source, target].map((host) => world({ kind: 'restartDaemon', host })),
  },
  sourceCrashed: {
    places: everywhere,
    acts: [world({ kind: 'crashHost', host: source }, { kind: 'powerOn', host: source })],
  },
  targetCrashed: {
    places: everywhere,
    acts: [world({ kind: 'crashHost', host: target }, { kind: 'powerOn', host: target })],
  },
  /** The two ends of a migration no longer hear each other, or one of them. */
  peersParted: {
    places: everywhere,
    acts: [
      ...[source, target].map((host) => world({ kind: 'isolateHost', host }, { kind: 'rejoinHost', host })),
      ...cuts([source, target], [target, source]),
    ],
  },
  workerCutOff: {
    places: everywhere,
    acts: cuts(['worker', source], [source, 'worker'], ['worker', target], [target, 'worker']),
  },
  storageLost: {
    places: everywhere,
    acts: [
      world({ kind: 'storageAway', storage: 'san1' }, { kind: 'storageBack', storage: 'san1' }),
      ...cuts([target, 'san1']),
    ],
  },
  copyFails: { places: atStart, acts: [world({ kind: 'migration', vm: movedVm, failsAt: 0.3 })] },
  neverConverges: {
    places: atStart,
    acts: [
      world(
        { kind: 'migration', vm: movedVm, neverConverges: true },
        { kind: 'migration', vm: movedVm },
        12_000,
      ),
    ],
  },
  lastReplyLost: { places: atStart, acts: [world({ kind: 'migration', vm: movedVm, losesLastReply: true })] },
  guestCrashes: { places: everywhere, acts: [world({ kind: 'crashGuest', vm: movedVm })] },
  personPauses: { places: () => [before], acts: [pausedByPerson.act] },
  personActs: {
    places: everywhere,
    acts: (['destroy', 'suspend', 'shutDown'] as const).map((order) =>
      world({ kind: 'person', order, vm: movedVm }),
    ),
  },
};

/** A kind of fault, with the places in one run that are not left out. */
export interface FaultInRun {
  readonly name: string;
  readonly places: readonly FaultPlace[];
  readonly acts: readonly Act[];
}

/** Every kind that can strike in a run. */
export function faultsIn(run: BaseRunName, leftOut: readonly LeftOut[] = []): FaultInRun[] {
  return Object.entries(faultKinds).flatMap(([name, { places, acts }]) => {
    const left = places(run).filter((at) => !isLeftOut(name, at, leftOut));
    return left.length > 0 ? [{ name, places: left, acts }] : [];
  });
}
