/** The runs that are recorded undisturbed, and from which scenarios are made: what is asked, and what it takes. */
import type { AskedOperation, PlacedFault } from './scenario.ts';

/** The VM that is moved, where it is, and where it goes. */
export const movedVm = 'vm1';
export const source = 'host1';
export const target = 'host2';

export interface BaseRun {
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

export const migrateVm = (
  input: AskedOperation['input'],
  by: AskedOperation['by'] = 'library',
): AskedOperation => ({ workflow: 'migrateVm', input, by });

const toNamedHost = { vm: movedVm, to: target, timeoutSeconds };

export const baseRuns = {
  moved: { operations: [migrateVm(toNamedHost)], premises: [], countsCalls: 'exactly' },
  canceled: {
    operations: [migrateVm({ ...toNamedHost, bandwidthMiBps: slowMiBps })],
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
    operations: [migrateVm(toNamedHost), migrateVm({ ...toNamedHost, to: 'host3' })],
    premises: [],
    countsCalls: 'never',
  },
} as const satisfies Record<string, BaseRun>;

export type BaseRunName = keyof typeof baseRuns;
export const baseRunNames = Object.keys(baseRuns) as BaseRunName[];
