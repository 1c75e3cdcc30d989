/** The epoch of the lease under which a VM is acted on, in its domain's metadata (virDomainSetMetadata). */
import { droverNamespace } from '../../model/vm-definition.ts';
import { parseDefinition } from './definition.ts';
import { AffectFlag, type DomainRef, type LibvirtClient } from './libvirt/client.ts';

/** A VM carries a later epoch than the one that was to be written: whoever wanted to write it comes too late. */
export class StaleEpoch extends Error {
  constructor(epoch: number, carried: number) {
    super(`stale epoch ${epoch} < ${carried}`);
    this.name = 'StaleEpoch';
  }
}

/**
 * Writes it where the domain has it: in what runs, in what would be started, or in both.
 * @throws StaleEpoch; LibvirtError, also when the domain stopped or started meanwhile
 */
export async function markEpoch(client: LibvirtClient, domain: DomainRef, epoch: number): Promise<void> {
  const [xml, isPersistent] = await Promise.all([client.domainXml(domain), client.isPersistent(domain)]);
  const { epoch: carried = 0 } = parseDefinition(xml);
  if (carried > epoch) throw new StaleEpoch(epoch, carried);
  const isActive = domain.id !== -1;
  await client.setDomainMetadata(
    domain,
    { kind: 'element', uri: droverNamespace, key: 'drover', metadata: `<lease epoch="${epoch}"/>` },
    (isActive ? AffectFlag.live : 0) | (isPersistent ? AffectFlag.config : 0),
  );
}
