/**
 * What a host's refusal means for what is tried next, whatever the hypervisor. A class never says where a VM is: after a
 * move both hosts are asked, and it tells whom to blame and what to try once they agree.
 */

/** Every class, with what follows. */
export const refusalClasses = {
  again: 'passing: the same order once more after a pause',
  elsewhere: 'this host, or the host that the VM was to go to, lacks something: another host',
  never: 'the VM, the order or the configuration is at fault, on every host: no retry, a person is told',
  look: 'in doubt: both hosts are asked before anything is done',
  attach: 'the VM has a migration under way already: follow that one instead',
  aborted: 'somebody asked for the migration to end: no failure, no retry',
  alreadySo: 'it is as it was wanted: as good as done',
  alarm:
    'another copy of the VM may be running: nothing is tried any more, both hosts are asked, a person is told',
  superseded: 'a later order than this one acts on the VM: whoever gave this one stops',
} as const;

export type RefusalClass = keyof typeof refusalClasses;

/** A host's refusal as data. */
export interface Refusal {
  /** The hypervisor's own name for the reason, such as libvirt's `OPERATION_INVALID`. */
  readonly code: string;
  /** The part of the hypervisor that speaks, such as libvirt's `QEMU`; undefined where it names none. */
  readonly domain?: string;
  /** The hypervisor's own words. */
  readonly text: string;
}

/** A refusal's class, and the rule that found it. */
export interface Classified {
  readonly class: RefusalClass;
  /** Absent: no rule knows the refusal. Its class is `look` then. */
  readonly rule?: string;
}
