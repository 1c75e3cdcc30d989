/** What is held against a run of a scenario, as data and for people. */
import type { Ending } from './endings.ts';
import { inWords, type Scenario } from './scenario.ts';

/** What the referee, or the harness itself, holds against a run. */
export interface Charge {
  /**
   * A kind of the referee's, or one of the harness's own: `falseEnding`, an operation that says of its end what is not
   * so; `beyondSlots`, more moves at once than a host has slots for; `notAtRest`, hosts that are still at work, or still being asked, long after all has ended; `workerDied`, a
   * worker that ended by itself.
   */
  readonly kind: string;
  readonly message: string;
}

export interface Verdict {
  readonly scenario: Scenario;
  readonly charges: readonly Charge[];
  readonly endings: readonly Ending[];
  /** Names of the faults that found their place. */
  readonly struck: readonly string[];
  /** Names of the activities that were begun. */
  readonly activities: readonly string[];
  readonly tookMs: number;
  /** What the workers and the receiver wrote last; only where there are charges. */
  readonly log?: string;
}

/**
 * A verdict for people: the scenario, how it ended, what is held against it. A conviction comes with the scenario as
 * data, since what a seed stands for changes with the catalogue of faults and with the list of kept seeds.
 */
export function verdictInWords({ scenario, endings, struck, charges, tookMs, log }: Verdict): string {
  return [
    inWords(scenario),
    `  struck: ${struck.join(', ') || 'nothing'}; ${(tookMs / 1000).toFixed(1)} s`,
    ...endings.map(({ workflowId, ending, message }) => `  ${workflowId}: ${ending ?? 'no end'}: ${message}`),
    ...charges.map(({ kind, message }) => `  CONVICTED ${kind}: ${message}`),
    ...(charges.length > 0 ? [`  again with: --scenario '${JSON.stringify(scenario)}'`] : []),
    ...(log ? ['  the processes wrote last:', ...log.split('\n').map((line) => `  | ${line}`)] : []),
  ].join('\n');
}
