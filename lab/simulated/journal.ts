/**
 * Everything that happens in the simulated datacenter, in its order: what the referee judges by, and what a person
 * reads after a conviction.
 */
import type { VmEvent } from '../../model/inventory.ts';

/** Who brought a change about. */
export type Cause =
  /** A session of Drover's: the party that it named, and the call. */
  | { readonly kind: 'drover'; readonly party: string; readonly call: string }
  /** The hypervisor by itself, as in the steps of a migration. */
  | { readonly kind: 'hypervisor' }
  /** A person past Drover, or the guest's own user. */
  | { readonly kind: 'person' }
  /** A fault that was injected. */
  | { readonly kind: 'fault' };

/** How far a guest has come: its boot, counted for the VM over all hosts, and the clock that its users see. */
export interface GuestClock {
  readonly boot: number;
  readonly uptimeMs: number;
}

/** One copy of a VM on one host, as it is after a change. */
export interface CopyView {
  readonly host: string;
  readonly uuid: string;
  readonly vm: string;
  /** libvirt's state and reason: `running (migration canceled)`; `gone`: the host no longer knows it. */
  readonly state: 'running' | 'paused' | 'shutting down' | 'shut off' | 'crashed' | 'gone';
  readonly reason: string;
  readonly persistent: boolean;
  readonly memoryMiB: number;
  /** An outgoing or incoming migration of this copy is under way. */
  readonly job?: 'out' | 'in';
  /** Absent while no process of the hypervisor holds the guest. */
  readonly guest?: GuestClock;
}

export type JournalEntry = { readonly atMs: number } & (
  | {
      readonly kind: 'copy';
      readonly copy: CopyView;
      /** What the host tells its watchers; absent for changes of which it tells nobody. */
      readonly event?: VmEvent;
      readonly cause: Cause;
    }
  | {
      readonly kind: 'host';
      readonly host: string;
      /** `dead`: nothing on it runs, by a fault; `off`: by its power switch. */
      readonly state: 'up' | 'dead' | 'off' | 'frozen';
      readonly memoryMiB: number;
      readonly cause: Cause;
    }
  | { readonly kind: 'fault'; readonly fault: string }
  | {
      readonly kind: 'call';
      readonly host: string;
      readonly party: string;
      readonly call: string;
      readonly uuid?: string;
      readonly outcome: 'asked' | 'answered' | 'refused' | 'unanswered';
    }
);

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
/** An entry before it has its time. */
export type Happening = Without<JournalEntry, 'atMs'>;

export class Journal {
  readonly #nowMs: () => number;
  readonly #readers = new Set<(entry: JournalEntry) => void>();
  readonly #kept: JournalEntry[] = [];
  readonly #mostKept: number;
  /** How many entries there have been, kept or not. */
  written = 0;

  /** @param mostKept older entries are forgotten beyond so many; readers see every one */
  constructor(nowMs: () => number, mostKept = 20_000) {
    this.#nowMs = nowMs;
    this.#mostKept = mostKept;
  }

  write(happening: Happening): void {
    const entry = { atMs: this.#nowMs(), ...happening } as JournalEntry;
    this.written++;
    this.#kept.push(entry);
    if (this.#kept.length > this.#mostKept * 1.5) this.#kept.splice(0, this.#kept.length - this.#mostKept);
    for (const read of this.#readers) read(entry);
  }

  /** Hands every later entry to `read`, until the answer is called. */
  follow(read: (entry: JournalEntry) => void): () => void {
    this.#readers.add(read);
    return () => void this.#readers.delete(read);
  }

  get entries(): readonly JournalEntry[] {
    return this.#kept;
  }
}
