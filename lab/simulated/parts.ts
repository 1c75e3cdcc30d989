/** The disks and networks that a simulated host provides to its VMs, and what it says of those that it lacks. */
import type { VmDefinition } from '../../model/vm-definition.ts';
import type { SimulatedHost } from './host.ts';
import { Refusal } from './refusal.ts';

export interface MissingPart {
  readonly kind: 'disk' | 'network';
  /** The disk's target in the guest (`vda`), or the network's name. */
  readonly name: string;
  readonly reason: string;
}

/** What a VM needs and this host can't provide, each with the reason. */
export function missingParts(host: SimulatedHost, definition: VmDefinition): MissingPart[] {
  const { name, spec, world } = host;
  const reaches = (storage: string): boolean =>
    spec.storage.includes(storage) && world.network.isOpen(name, storage);
  return [
    ...definition.disks.flatMap(({ storage, target }): MissingPart[] => {
      if (storage === undefined || reaches(storageOf(storage))) return [];
      const reason = `Failed to connect to '${storageOf(storage)}': No route to host`;
      return [{ kind: 'disk', name: target, reason }];
    }),
    ...definition.networks
      .filter((wanted) => !spec.networks.includes(wanted))
      .map((wanted): MissingPart => {
        const reason = `Cannot get interface MTU on '${wanted}': No such device`;
        return { kind: 'network', name: wanted, reason };
      }),
  ];
}

/** The same in the words in which the host would refuse to start the VM. */
export function rehearse(host: SimulatedHost, definition: VmDefinition): MissingPart[] {
  return missingParts(host, definition).map((part) => ({ ...part, reason: refusalOf(part).message }));
}

/** @throws Refusal that names the first part that is missing */
export function refuseMissing(host: SimulatedHost, definition: VmDefinition): void {
  const [missing] = missingParts(host, definition);
  if (missing) throw refusalOf(missing);
}

/** Networks are libvirt's to open, disks QEMU's, of which libvirt only reports. */
function refusalOf({ kind, reason }: MissingPart): Refusal {
  return new Refusal(kind === 'network' ? 'SYSTEM_ERROR' : 'INTERNAL_ERROR', reason);
}

/** The storage server of a disk's address: `nbd://san1` is `san1`. */
function storageOf(address: string): string {
  return address.replace(/^[a-z]+:\/\//, '').split(':')[0] ?? address;
}
