/** The labels by which `-l` selects: what Drover knows of hosts, VMs, clusters and operations anyway. */
import type { InventoryHost, VmFacts } from '../../model/inventory.ts';
import type { Settings } from '../../settings/schema.ts';
import type { OperationSummary } from '../drover.ts';
import type { Labels } from './selector.ts';

/** Kinds of things that have labels. */
export type Labeled = 'hosts' | 'vms' | 'clusters' | 'operations';

/** As a sentence calls them. */
export const labeledInWords: Readonly<Record<Labeled, string>> = {
  hosts: 'hosts',
  vms: 'VMs',
  clusters: 'clusters',
  operations: 'operations',
};

/** The failure domains of a host are labels too; of two that are called alike, these here count. */
export function hostLabels(host: InventoryHost): Labels {
  const { name, cluster, datacenter, failureDomains, closed, answer } = host;
  return {
    ...failureDomains,
    host: name,
    cluster,
    datacenter,
    state: closed ?? (answer.reachable ? 'active' : 'unreachable'),
  };
}

/** Those of its host, with its own state. */
export function vmLabels(host: InventoryHost, vm: Pick<VmFacts, 'name' | 'state'>): Labels {
  return { ...hostLabels(host), vm: vm.name, state: vm.state };
}

export function operationLabels({ type, vm, host, state, status }: OperationSummary): Labels {
  return {
    kind: type,
    ...(vm === undefined ? {} : { vm }),
    ...(host === undefined ? {} : { host }),
    state: state ?? status.toLowerCase(),
  };
}

/** Every key that such things can have by these settings. */
export function labelKeys(what: Labeled, { clusters }: Pick<Settings, 'clusters'>): string[] {
  const domains = Object.values(clusters)
    .flatMap(({ hosts }) => Object.values(hosts))
    .flatMap(({ failureDomains }) => Object.keys(failureDomains));
  const known: Readonly<Record<Labeled, readonly string[]>> = {
    hosts: ['host', 'cluster', 'datacenter', 'state', ...domains],
    vms: ['vm', 'host', 'cluster', 'datacenter', 'state', ...domains],
    clusters: ['cluster', 'datacenter'],
    operations: ['kind', 'vm', 'host', 'state'],
  };
  return [...new Set(known[what])];
}
