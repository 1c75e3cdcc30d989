/**
 * How long an operation tries before it ends by name, in milliseconds. In a file of its own, so that tests can bundle
 * the workflows with shorter ones: test/workflows/short-budgets.ts.
 */
import type { Pauses } from './growing-pauses.ts';

export interface Budgets {
  /** A VM that no host has, while some host is silent, is looked for so long. */
  readonly findMs: number;
  readonly findPauses: Pauses;
  /** One check, with all its attempts. */
  readonly checkMs: number;
  /** One question that Temporal or the settings answer, with all its attempts. */
  readonly questionMs: number;
  /** An operation that waits for its turn asks its record again so often, beside the record's own word. */
  readonly askAgainMs: number;
  /** A hold whose operation has ended is waited for so long. */
  readonly holdMs: number;
  readonly holdPauses: Pauses;
  /** Between two looks of a record at whether an operation that holds something still runs. */
  readonly holderPauses: Pauses;
  /** What one attempt of a move has after the copy's own time: to abort it, and to ask both hosts. */
  readonly settleAttemptMs: number;
  /** What a move has after the copy's own time, with all its attempts. */
  readonly settleMs: number;
  /** A move whose time is spent is ended, and both hosts are asked a last time. */
  readonly endNowMs: number;
  /** Where there are other datacenters, one whose workers begin nothing for so long is taken for silent. */
  readonly workersAwayMs: number;
  /** A maintenance that holds empty hosts looks so often whether a VM has come. */
  readonly heldLookMs: number;
  /** Between two tries to move what is left on hosts in maintenance. */
  readonly leftPauses: Pauses;
  /** When no move of a maintenance has ended for so long, it says that VMs are left. */
  readonly stuckMoveMs: number;
  /** A datacenter's workers have so long to begin its survey; else it is left to the next. */
  readonly surveyStartMs: number;
  /** A datacenter's workers have so long to begin its examination, for which a person waits. */
  readonly doctorStartMs: number;
}

const second = 1000;
const minute = 60 * second;

export const budgets: Budgets = {
  // A host's management restarts in seconds, and a host that was fenced by hand in minutes: that is a person's.
  findMs: 2 * minute,
  findPauses: { firstMs: second, mostMs: 10 * second },
  checkMs: 10 * minute,
  questionMs: 5 * minute,
  askAgainMs: minute,
  // The server ends it within a second, a busy one within a few.
  holdMs: 30 * second,
  holdPauses: { firstMs: 200, mostMs: 5 * second },
  holderPauses: { firstMs: 30 * second, mostMs: 5 * minute },
  settleAttemptMs: 15 * minute,
  // A host that fell silent in a move is asked where the VM is until a person had a day to bring it back.
  settleMs: 24 * 60 * minute,
  endNowMs: 15 * minute,
  workersAwayMs: 20 * second,
  heldLookMs: minute,
  leftPauses: { firstMs: 30 * second, mostMs: 5 * minute },
  stuckMoveMs: 5 * minute,
  surveyStartMs: 2 * minute,
  doctorStartMs: 20 * second,
};
