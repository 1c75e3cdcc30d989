/** One host's copy of a VM: its definition, its process, its state as libvirt has it. */
import type { VmDefinition } from '../../model/vm-definition.ts';
import type { Guest } from './guest.ts';
import type { CopyView } from './journal.ts';
import type { OutgoingMigration } from './migration.ts';

/** What the hypervisor's process holds. */
export interface Live {
  definition: VmDefinition;
  readonly guest: Guest;
  /** CPU time used here so far, in core-milliseconds. */
  cpuMs: number;
  /** Its disks are open for writing: from its first step here on, until a migration has taken the guest away. */
  holdsDisks: boolean;
  /** Its process has been told to end, past libvirt: it never runs again. */
  isQuitting?: boolean;
  /** libvirt ends the process, and answers no question about the VM until it has. */
  isTornDown?: boolean;
}

export class Copy {
  readonly uuid: string;
  readonly vm: string;
  /** The definition that outlives its process. */
  definition: VmDefinition | undefined;
  live: Live | undefined;
  /** It had a definition since its process was started: libvirt takes a new one for an update. */
  wasDefined = false;
  state: CopyView['state'] = 'shut off';
  /** libvirt's word for why, as `virsh domstate --reason` puts it. */
  reason = 'unknown';
  job: OutgoingMigration | undefined;
  /** A migration fills this copy. */
  isIncoming = false;
  /** The migration that fills it, and then has its last steps still before it. */
  filler: OutgoingMigration | undefined;
  /** What the migration that brought it here measured. */
  arrival:
    | {
        readonly copyMs: number;
        readonly downtimeMs: number;
        readonly copiedBytes: number;
        readonly iterations: number;
      }
    | undefined;

  constructor({ uuid, name }: { readonly uuid: string; readonly name: string }) {
    this.uuid = uuid;
    this.vm = name;
  }

  /** As it is defined now: what its process runs, else what would be started. */
  get shape(): VmDefinition | undefined {
    return this.live?.definition ?? this.definition;
  }

  view(host: string): CopyView {
    return {
      host,
      uuid: this.uuid,
      vm: this.vm,
      state: this.shape ? this.state : 'gone',
      reason: this.reason,
      persistent: this.definition !== undefined,
      memoryMiB: this.shape?.memoryMiB ?? 0,
      ...(this.job ? { job: 'out' as const } : this.isIncoming ? { job: 'in' as const } : {}),
      ...(this.live ? { guest: this.live.guest.now } : {}),
    };
  }
}
