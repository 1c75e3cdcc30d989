/**
 * The closed list of the ways in which an operation fails for good. All else (a host that does not answer, a
 * timeout, a lost connection) is passing, and retried within the operation's own budget.
 */

/** Every permanent failure, with what it means to the person who reads it. */
export const failureMeanings = {
  InvalidInput: 'the input does not follow its schema; nothing was done',
  UnknownVm: 'no host has a VM of this name',
  UnknownHost: 'the settings name no such host',
  UnknownService: 'the settings name no such service',
  VmBusy: 'another operation acts on this VM',
  CheckFailed: 'something would stop the operation; every finding is in the details',
  NoHostFits: 'no host can take the VM; each host is listed with its reason',
  MigrationAborted: 'the move was ended and the VM runs where it was',
  FencingFailed: 'the host could not be proven off',
  NotApproved: 'a person had to approve and did not',
  BudgetSpent: 'all attempts that the settings allow were used',
  NeedsOperator: 'a person has to look; the message says at what, and how to go on',
} as const;

export type FailureType = keyof typeof failureMeanings;

/** The options of an `ApplicationFailure` that is never retried. `details` carries the reason as data. */
export interface PermanentFailure {
  readonly type: FailureType;
  readonly message: string;
  readonly nonRetryable: true;
  readonly details: unknown[];
}

/**
 * A permanent failure, for `throw ApplicationFailure.create(permanent(...))`.
 * @param message what was tried, on what, what came back, and what the reader can do
 * @param details the reason as data, where there is more than the message
 */
export function permanent(type: FailureType, message: string, details?: unknown): PermanentFailure {
  return { type, message, nonRetryable: true, details: details === undefined ? [] : [details] };
}
