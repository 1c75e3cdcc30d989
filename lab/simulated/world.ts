/** What the parts of a simulated datacenter share. */
import type { Clock } from './clock.ts';
import type { SimulatedHost } from './host.ts';
import type { Journal } from './journal.ts';
import type { Network } from './network.ts';

/** What a VM does, wherever it runs; a test may change it at any time. */
export interface VmTraits {
  loadCores: number;
  dirtyMiBps: number;
  readonly locksDisk: boolean;
}

/** How long an unanswered peer of a migration is waited for: libvirt's keepalive between hosts, 1 s x (3 + 1) in the lab. */
export const peerKeepaliveMs = 4000;

export interface World {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly network: Network;
  host(name: string): SimulatedHost | undefined;
  traitsOf(uuid: string): VmTraits;
  /** Counts a VM's boots, over all hosts. */
  nextBoot(uuid: string): number;
  /** Whether another host's copy holds the lock of the VM's disk. */
  isLockedElsewhere(uuid: string, host: string): boolean;
  /** Faults that are to befall migrations. */
  readonly migrationFaults: MigrationFaults;
}

/** What befalls the migrations of one VM, each until it is taken back. */
export interface MigrationFault {
  /** The copy fails once this share of the memory has been copied, 0 to 1. */
  readonly failsAt?: number;
  /** The guest writes faster than its memory is copied, whatever its rate. */
  readonly neverConverges?: boolean;
  /** The target's last reply is lost on its way: the source takes the move for failed and runs on. */
  readonly losesLastReply?: boolean;
}

export type MigrationFaults = Map<string, MigrationFault>;

/** The moments of a migration at which the harness can stop it, in their order. */
export const migrationMoments = [
  'prepared',
  'copying',
  'halfCopied',
  'switchedOver',
  'arrived',
  'confirming',
] as const;
export type MigrationMoment = (typeof migrationMoments)[number];
