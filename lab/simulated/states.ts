/** A simulated copy's state in Drover's words, by the rules of the libvirt driver. */
import type { VmState } from '../../model/inventory.ts';
import type { Copy } from './copy.ts';

export function vmStateOf({ state, reason }: Pick<Copy, 'state' | 'reason'>): VmState {
  switch (state) {
    case 'running':
      return 'running';
    case 'paused':
      return reason === 'migrating' ? 'migratingIn' : 'paused';
    case 'shutting down':
      return 'shuttingDown';
    case 'shut off':
      return reason === 'crashed' || reason === 'failed' ? 'crashed' : 'off';
    case 'crashed':
      return 'crashed';
    case 'gone':
      return 'off';
    default:
      throw new TypeError(`no such state: ${String(state satisfies never)}`);
  }
}
