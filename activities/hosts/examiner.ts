/**
 * What an examination asks of a hypervisor beyond what moves need: its versions, its clock, when it drops a silent
 * connection, and a move of a throw-away VM. It fails as sessions do (`errors.ts`).
 */
import type { HostAddress } from './driver.ts';
import { libvirtExaminer, type LibvirtExaminerSettings } from './libvirt-examiner.ts';

/** How far a host's clock is ahead of this machine's; negative: behind. */
export interface ClockReading {
  readonly offsetMs: number;
  /** By so much it may be wrong: half of the way there and back. */
  readonly uncertaintyMs: number;
}

/** A certificate by which somebody is known to somebody, and until when. */
export interface CertificateFacts {
  /** `host's certificate`, `our certificate`, `the CA's certificate` */
  readonly what: string;
  /** Its subject, or where it lies. */
  readonly name: string;
  readonly expires: Date;
}

export interface HostExaminer {
  versions(host: HostAddress): Promise<{ readonly libvirt: string; readonly QEMU: string }>;
  /** By a throw-away VM, whose monitor stamps its events with the host's time. */
  clock(host: HostAddress, run: string): Promise<ClockReading>;
  /**
   * Opens a connection that agrees on keepalive and falls silent.
   * @returns after how many milliseconds the host dropped it; undefined: not within `mostMs`
   */
  droppedAfterMs(host: HostAddress, mostMs: number, signal: AbortSignal): Promise<number | undefined>;
  /**
   * Starts a paused throw-away VM without disks on one host, moves it to another as every VM is moved, and removes it.
   * @returns how long the move took, in milliseconds
   */
  trialMove(from: HostAddress, to: HostAddress, run: string): Promise<number>;
  /** Removes what examinations left. @returns the names */
  clearLeftovers(host: HostAddress, run: string): Promise<readonly string[]>;
  /** The host's certificate, and ours, where it is reached by TLS; else none. */
  certificates(host: HostAddress): Promise<readonly CertificateFacts[]>;
}

export type ExaminerOf = (host: HostAddress) => HostExaminer | undefined;

/** @returns for a host of a kind that can't be examined so: undefined */
export function examinerByScheme(settings: LibvirtExaminerSettings): ExaminerOf {
  const libvirt = libvirtExaminer(settings);
  return ({ uri }) => (uri.startsWith('qemu+') ? libvirt : undefined);
}
