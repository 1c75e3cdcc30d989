/** libvirt's lifecycle events in Drover's words. */
import type { VmEvent } from '../../model/inventory.ts';
import type { LifecycleEvent } from './libvirt/client.ts';

const kinds: Readonly<Record<string, VmEvent['kind']>> = {
  Defined: 'defined',
  Undefined: 'undefined',
  Started: 'started',
  Suspended: 'suspended',
  Resumed: 'resumed',
  Stopped: 'stopped',
  Shutdown: 'shutDown',
  Crashed: 'crashed',
};

export function vmEventOf({ domain, event, detail }: LifecycleEvent): VmEvent {
  return { uuid: domain.uuid, kind: kinds[event] ?? 'other', detail: detail.toLowerCase() };
}
