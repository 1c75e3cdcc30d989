/** libvirt's states of a domain in Drover's words. */
import type { VmState } from '../../model/inventory.ts';

/**
 * @param state libvirt's state: `running`, `paused`, `shutoff`, ...
 * @param reason libvirt's reason for it. A copy that a migration fills is paused for `migrating`, and so is the
 *   original for the moment of the switch-over: `sight` asks for the job to tell them apart.
 */
export function vmStateOf(state: string, reason: string): VmState {
  switch (state) {
    case 'running':
    case 'blocked':
      return 'running';
    case 'paused':
      return reason === 'migrating' ? 'migratingIn' : 'paused';
    case 'shutdown':
      return 'shuttingDown';
    case 'shutoff':
      return reason === 'crashed' || reason === 'failed' ? 'crashed' : 'off';
    case 'crashed':
      return 'crashed';
    case 'pmsuspended':
      return 'suspendedToRam';
    default:
      return 'unknown';
  }
}
