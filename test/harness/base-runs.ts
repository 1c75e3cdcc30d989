/** The runs that are recorded undisturbed, and from which scenarios are made: what is asked, and what it takes. */
import type { AskedMove, AskedOperation, PlacedFault, Scenario } from './scenario.ts';

/** The VM that is moved, where it is, and where it goes. */
export const movedVm = 'vm1';
export const source = 'host1';
export const target = 'host2';

export interface BaseRun {
  /** Default: `small`. */
  readonly datacenter?: NonNullable<Scenario['datacenter']>;
  readonly operations: readonly AskedOperation[];
  /** Without them it would be another run. */
  readonly premises: readonly PlacedFault[];
  /**
   * `exactly`: each call is made so often each time, but for those that follow the clock. `atLeast`: how often depends
   * on how long things take. `never`: which hosts are asked is open too.
   */
  readonly countsCalls: 'exactly' | 'atLeast' | 'never';
}

/** The copy is given up so soon, that one which never converges ends within a scenario's time. */
export const timeoutSeconds = 10;
/** A copy that lasts for seconds of the harness's time: there is time to cancel it. */
const slowMiBps = 8;
/** A copy that lasts longer than `timeoutSeconds`. */
const tooSlowMiBps = 2;

export const migrateVm = (input: AskedMove['input'], by: AskedMove['by'] = 'library'): AskedMove => ({
  workflow: 'migrateVm',
  input,
  by,
});
export const settleVm: AskedOperation = { workflow: 'settleVm', input: { vm: movedVm }, by: 'library' };

export const maintainHosts: AskedOperation = {
  workflow: 'maintainHosts',
  input: { hosts: [source], partial: true, moveBack: true },
  by: 'library',
};

const toNamedHost = { vm: movedVm, to: target, timeoutSeconds };
const toThird = { ...toNamedHost, to: 'host3' };
const slowly = migrateVm({ ...toNamedHost, bandwidthMiBps: slowMiBps });

export const pausedByPerson: PlacedFault = {
  name: 'personPauses',
  at: { kind: 'before' },
  act: { kind: 'world', fault: { kind: 'person', order: 'suspend', vm: movedVm }, afterMs: 1 },
  isPremise: true,
};

export const baseRuns = {
  moved: { operations: [migrateVm(toNamedHost)], premises: [], countsCalls: 'exactly' },
  canceled: {
    operations: [slowly],
    premises: [
      {
        name: 'canceled',
        at: { kind: 'migration', moment: 'copying', nth: 1 },
        act: { kind: 'cancel' },
        isPremise: true,
      },
    ],
    countsCalls: 'atLeast',
  },
  timedOut: {
    operations: [migrateVm({ ...toNamedHost, bandwidthMiBps: tooSlowMiBps, maxDowntimeMs: 100 })],
    premises: [],
    countsCalls: 'atLeast',
  },
  dryRun: {
    operations: [migrateVm({ ...toNamedHost, dryRun: true })],
    premises: [],
    countsCalls: 'exactly',
  },
  /** The second of two is told that the VM is held, whichever it is. */
  busy: {
    operations: [migrateVm(toNamedHost), migrateVm(toThird)],
    premises: [],
    countsCalls: 'never',
  },
  /** One of two waits for the other, whichever it is. */
  waiting: {
    operations: [migrateVm({ ...toNamedHost, wait: true }), migrateVm({ ...toThird, wait: true })],
    premises: [],
    countsCalls: 'never',
  },
  /** One that comes first by its rank has the other one stop. */
  outranked: {
    operations: [slowly],
    premises: [
      {
        name: 'failoverAsked',
        at: { kind: 'migration', moment: 'copying', nth: 1 },
        act: { kind: 'ask', operation: migrateVm({ ...toThird, rank: 'failover' }) },
        isPremise: true,
      },
    ],
    countsCalls: 'atLeast',
  },
  /** A VM that a person had paused arrives paused. */
  paused: {
    operations: [migrateVm(toNamedHost)],
    premises: [pausedByPerson],
    countsCalls: 'exactly',
  },
  /** Its record finds out, and has settled what it left. */
  terminated: {
    operations: [slowly],
    premises: [
      {
        name: 'terminated',
        at: { kind: 'migration', moment: 'copying', nth: 1 },
        act: { kind: 'terminate' },
        isPremise: true,
      },
    ],
    countsCalls: 'atLeast',
  },
  /** Both VMs of the host leave it, and one of them comes back. */
  maintained: { operations: [maintainHosts], premises: [], countsCalls: 'never' },
  settled: { operations: [settleVm], premises: [], countsCalls: 'exactly' },
  /** More VMs to one host than it has slots, and one more than it has room for. */
  crowded: {
    datacenter: 'crowded',
    operations: ['vm1', 'vm3', 'vm4'].map((vm) => migrateVm({ ...toNamedHost, vm })),
    premises: [],
    countsCalls: 'never',
  },
} as const satisfies Record<string, BaseRun>;

export type BaseRunName = keyof typeof baseRuns;
export const baseRunNames = Object.keys(baseRuns) as BaseRunName[];
