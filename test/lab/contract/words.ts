/** What hosts say, as lines of a trace: without what differs between two VMs, two hosts, or two times of the same. */
import { HostRefused, HostUnreachable } from '../../../activities/hosts/errors.ts';
import type { VmEvent, VmSight } from '../../../model/inventory.ts';
import type { VmDefinition } from '../../../model/vm-definition.ts';

const endOrdered = 'shutDown finished after host request';

export function sightWords(sight: VmSight): string {
  if (sight.kind === 'absent') return 'absent';
  return `${sight.state} (${sight.stateReason}), ${sight.persistent ? 'persistent' : 'transient'}`;
}

export function eventWords({ kind, detail }: Pick<VmEvent, 'kind' | 'detail'>): string {
  return `${kind} ${detail}`;
}

/**
 * Events in their order. A QEMU that is destroyed may still tell that it was told to end, or be gone before: that is left
 * out.
 */
export function eventsInWords(events: readonly string[]): string {
  return events
    .filter((event, at) => !(event === endOrdered && events[at + 1] === 'stopped destroyed'))
    .join(', ');
}

/** `done`, the answer, or the refusal with the hypervisor's code and words. */
export async function outcomeOf(act: () => Promise<unknown>, vm: VmDefinition): Promise<string> {
  try {
    const answer = await act();
    return answer === undefined ? 'done' : plain(JSON.stringify(answer), vm);
  } catch (error) {
    if (error instanceof HostRefused) return `${error.code}: ${plain(messageOf(error.cause), vm)}`;
    if (error instanceof HostUnreachable) return `unreachable: ${messageOf(error.cause)}`;
    throw error;
  }
}

/** Names, addresses, ports and QEMU's own lines differ; libvirt's words do not. */
function plain(words: string, vm: VmDefinition): string {
  return words
    .replaceAll(vm.uuid, 'UUID')
    .replaceAll(vm.name, 'NAME')
    .replace(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/, 'ANOTHER UUID')
    .replace(/ \(NAME\)$/, '')
    .replace(
      /(qemu unexpectedly closed the monitor|process exited while connecting to monitor): .*: (?=Failed)/,
      '',
    )
    .replace(
      /(Failed to connect to|unable to connect to server at|Unable to write to socket:) [^"]*/,
      '$1 ...',
    );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
