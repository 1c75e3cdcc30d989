/** What the referee may convict of, and in which words it tells. */
import type { Cause, CopyView } from './journal.ts';

export type ConvictionKind =
  /** Two copies of one VM run at the same moment. */
  | 'twoRunning'
  /** A copy begins to run that is older than what its VM's users have seen. */
  | 'staleResume'
  /** A VM was booted anew, by no person, and no operation says so. */
  | 'unexplainedBoot'
  /** No host knows a VM that should run. */
  | 'vmLost'
  /** A VM that should run stands still, and neither a person nor a fault wanted that. */
  | 'stoppedUnasked'
  /** A VM that a person had paused begins to run, and no person wanted that. */
  | 'resumedUnasked'
  /** A host has more memory to give than it has. */
  | 'overCapacity'
  /** Something is left over when nothing is open any more. */
  | 'leftover'
  /** No host has the definition of a VM that had one. */
  | 'definitionLost'
  /** A trigger was not answered, or its answer names no operation. */
  | 'triggerLost'
  /** An operation has no end. */
  | 'operationUnended';

export interface Conviction {
  readonly kind: ConvictionKind;
  readonly atMs: number;
  readonly vm?: string;
  readonly host?: string;
  readonly message: string;
}

/** A conviction, and what makes it the same one when it is found again. */
export interface Charge extends Conviction {
  readonly key: string;
}

export function causeInWords(cause: Cause): string {
  switch (cause.kind) {
    case 'drover':
      return `the call ${cause.call} of ${cause.party}`;
    case 'hypervisor':
      return 'the hypervisor itself';
    case 'person':
      return 'a person';
    case 'fault':
      return 'a fault';
    default:
      throw new TypeError(`no such cause: ${String(cause satisfies never)}`);
  }
}

/** `paused (user) on host2`, with how far its guest has come. */
export function copyInWords({ state, reason, host, guest }: CopyView): string {
  const clock = guest && guest.boot > 0 ? `, boot ${guest.boot}, up ${inMs(guest.uptimeMs)}` : '';
  return `${state} (${reason}) on ${host}${clock}`;
}

export function inMs(ms: number): string {
  return `${Math.round(ms).toLocaleString('en')} ms`;
}
