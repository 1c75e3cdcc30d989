/** Whom the failure of a move is to be blamed on, and so what is tried next. */
import { HostRefused, HostUnreachable } from '../hosts/errors.ts';
import type { RefusalClass } from '../hosts/refusal-class.ts';

/** Every fault, with what follows. Only for a VM that was seen to have stayed. */
export const moveFaults = {
  target: 'another host is tried',
  vm: 'no host would do better: nothing is tried any more',
  passing: 'once more, after a check that may choose another host; then the move ends',
} as const;

export type MoveFault = keyof typeof moveFaults;

const faults: Readonly<Record<RefusalClass, MoveFault | undefined>> = {
  again: 'passing',
  elsewhere: 'target',
  never: 'vm',
  // Nothing is known of why; that both hosts have shown the VM at rest since is all there is to go by.
  look: 'passing',
  attach: 'passing',
  aborted: undefined,
  alreadySo: undefined,
  alarm: 'vm',
  superseded: undefined,
};

/** @returns undefined where nobody is to blame: it was aborted, is done, or is another's now */
export function faultOfClass(refusal: RefusalClass): MoveFault | undefined {
  return faults[refusal];
}

/** @returns undefined also for what is no refusal, such as a mistake of our own */
export function faultOf(error: unknown): MoveFault | undefined {
  return error instanceof HostRefused || error instanceof HostUnreachable
    ? faultOfClass(error.class)
    : undefined;
}
