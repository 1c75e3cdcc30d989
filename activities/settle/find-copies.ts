/** Every copy of a VM in a datacenter, with the commands by which a person can end one. */
import type { VmState } from '../../model/inventory.ts';
import type { Hosts, KnownHost } from '../hosts/hosts.ts';
import type { Looks } from '../looks.ts';

export interface FindCopiesRequest {
  readonly datacenter: string;
  readonly vm: string;
  /** Where it is known, copies are told by it, whatever they are called. */
  readonly uuid?: string;
  /** Is this one of the datacenter's hosts? */
  readonly host?: string;
}

export interface FoundCopy {
  readonly host: string;
  readonly cluster: string;
  readonly uuid: string;
  readonly state: VmState;
  readonly stateReason: string;
  /** A migration of it is under way, or its host did not say that none is: what it will be nobody can say. */
  readonly isMoving: boolean;
  /** What a person types to end it at once. */
  readonly toEnd: string;
  /** What a person types to remove its definition. */
  readonly toRemove: string;
}

export interface FoundCopies {
  readonly copies: readonly FoundCopy[];
  /** Hosts that did not answer. */
  readonly silent: readonly { readonly host: string; readonly cluster: string }[];
  /** The cluster of the host that was asked about; absent: it is none of this datacenter. */
  readonly clusterOfHost?: string;
}

/** Asks every host of the datacenter anew. */
export async function findCopies(
  { hosts, looks }: { readonly hosts: Hosts; readonly looks: Looks },
  { datacenter, vm, uuid, host: askedHost }: FindCopiesRequest,
): Promise<FoundCopies> {
  const { answered, silent } = await looks.fresh(datacenter, { withLoad: false });
  const asked = hosts.site.hosts.find(
    (host) => host.datacenter === datacenter && host.address.name === askedHost,
  );
  const copies = answered.flatMap(({ host, report }) =>
    report.vms
      .filter((one) => (uuid === undefined ? one.name === vm : one.uuid === uuid))
      .map(async ({ name, uuid: ownUuid, state, stateReason }) => ({
        host: host.address.name,
        cluster: host.cluster,
        uuid: ownUuid,
        state,
        stateReason,
        isMoving: await isMoving(hosts, host, { uuid: ownUuid, state }),
        toEnd: command(host, 'destroy', name, ownUuid),
        toRemove: command(host, 'undefine', name, ownUuid),
      })),
  );
  return {
    copies: await Promise.all(copies),
    silent: silent.map(({ host: { address, cluster } }) => ({ host: address.name, cluster })),
    ...(asked ? { clusterOfHost: asked.cluster } : {}),
  };
}

/** A source that is being copied is plainly running: its job alone tells. */
async function isMoving(
  hosts: Hosts,
  host: KnownHost,
  { uuid, state }: { readonly uuid: string; readonly state: VmState },
): Promise<boolean> {
  if (state !== 'running' && state !== 'paused') return false;
  try {
    await using session = await hosts.open(host);
    return (await session.migrationProgress(uuid)) !== undefined;
  } catch {
    return true;
  }
}

/** virsh knows no simulated hosts. */
function command({ address }: KnownHost, order: 'destroy' | 'undefine', name: string, uuid: string): string {
  return address.uri.startsWith('sim://')
    ? `npm run simulated -- person ${order} ${name} --host ${address.name}`
    : `virsh -c ${address.uri} ${order} ${uuid}`;
}
