import { LibvirtProtocolError } from './errors.ts';
import { nameAt } from './names.ts';

/** virDomainState of libvirt-domain.h in its order, with the names that `virsh domstate --reason` gives the reasons. */
const states = [
  { state: 'nostate', reasons: ['unknown'] },
  {
    state: 'running',
    reasons: [
      'unknown',
      'booted',
      'migrated',
      'restored',
      'from snapshot',
      'unpaused',
      'migration canceled',
      'save canceled',
      'event wakeup',
      'crashed',
      'post-copy',
      'post-copy failed',
    ],
  },
  { state: 'blocked', reasons: ['unknown'] },
  {
    state: 'paused',
    reasons: [
      'unknown',
      'user',
      'migrating',
      'saving',
      'dumping',
      'I/O error',
      'watchdog',
      'from snapshot',
      'shutting down',
      'creating snapshot',
      'crashed',
      'starting up',
      'post-copy',
      'post-copy failed',
    ],
  },
  { state: 'shutdown', reasons: ['unknown', 'user'] },
  {
    state: 'shutoff',
    reasons: [
      'unknown',
      'shutdown',
      'destroyed',
      'crashed',
      'migrated',
      'saved',
      'failed',
      'from snapshot',
      'daemon',
    ],
  },
  { state: 'crashed', reasons: ['unknown', 'panicked'] },
  { state: 'pmsuspended', reasons: ['unknown'] },
] as const satisfies readonly { state: string; reasons: readonly string[] }[];

/** What a domain does; `shutdown` is "in shutdown", `shutoff` is off. */
export type DomainState = (typeof states)[number]['state'];

/** A domain's state and why it is in it. */
export interface DomainStateReport {
  readonly state: DomainState;
  /** As `virsh domstate --reason` puts it, e.g. `booted`, `migrated`; `unknown (17)` for a code without a name. */
  readonly reason: string;
  readonly reasonCode: number;
}

/** The state of a number; a number that libvirt 9.0 does not have is a LibvirtProtocolError, never a guess. */
export function domainStateOf(stateCode: number): DomainState {
  const entry = states[stateCode];
  if (entry === undefined) throw new LibvirtProtocolError(`the unknown domain state ${stateCode}`);
  return entry.state;
}

/** Names a state and its reason as the pair of numbers that libvirt sends (DOMAIN_GET_STATE, `state.reason` of statistics). */
export function domainStateReport(stateCode: number, reasonCode: number): DomainStateReport {
  const state = domainStateOf(stateCode);
  const reasons: readonly string[] = states[stateCode]?.reasons ?? [];
  return { state, reason: nameAt(reasons, reasonCode), reasonCode };
}
