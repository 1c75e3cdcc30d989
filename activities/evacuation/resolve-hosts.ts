/** Which hosts are meant, by their names or by the failure domain that they share. */
import { ApplicationFailure } from '@temporalio/common';
import { permanent } from '../../model/failures.ts';
import { fewNames } from '../../model/names.ts';
import type { KnownHost, Site } from '../hosts/hosts.ts';

export interface WhichHosts {
  readonly hosts?: readonly string[];
  readonly failureDomain?: { readonly kind: string; readonly name: string };
}

export type HostsByDatacenter = readonly { readonly datacenter: string; readonly hosts: readonly string[] }[];

/**
 * Hosts that are to be emptied, by datacenter, in the order of their names.
 * @throws ApplicationFailure `UnknownHost`; `InvalidInput` where no host is meant, or all of a cluster are
 */
export function resolveHosts(site: Site, which: WhichHosts): HostsByDatacenter {
  const meant = which.failureDomain ? ofDomain(site, which.failureDomain) : named(site, which.hosts ?? []);
  const chosen = new Set(meant);
  for (const cluster of new Set(meant.map((host) => host.cluster))) {
    const all = site.hosts.filter((host) => host.cluster === cluster);
    if (all.every((host) => chosen.has(host)))
      throw ApplicationFailure.create(
        permanent(
          'InvalidInput',
          `no host of cluster ${cluster} would be left to take the VMs: ${fewNames(all.map(nameOf))} are all that it has; ` +
            'name fewer of them',
        ),
      );
  }
  return [...new Set(meant.map(({ datacenter }) => datacenter))].toSorted().map((datacenter) => ({
    datacenter,
    hosts: meant.flatMap((host) => (host.datacenter === datacenter ? [nameOf(host)] : [])).toSorted(),
  }));
}

function named(site: Site, names: readonly string[]): KnownHost[] {
  const hosts = new Map(site.hosts.map((host) => [nameOf(host), host]));
  return names.map((name) => {
    const host = hosts.get(name);
    if (host) return host;
    throw ApplicationFailure.create(
      permanent(
        'UnknownHost',
        `no host is called ${name}; the settings name: ${fewNames([...hosts.keys()])}`,
      ),
    );
  });
}

function ofDomain(site: Site, { kind, name }: NonNullable<WhichHosts['failureDomain']>): KnownHost[] {
  const found = site.hosts.filter(({ failureDomains }) => failureDomains[kind] === name);
  if (found.length > 0) return found;
  const kinds = new Set(site.hosts.flatMap(({ failureDomains }) => Object.keys(failureDomains)));
  const names = new Set(site.hosts.flatMap(({ failureDomains }) => failureDomains[kind] ?? []));
  const known = kinds.has(kind)
    ? `domains of the kind ${kind}: ${fewNames([...names])}`
    : `kinds of failure domains: ${fewNames([...kinds]) || 'none'}`;
  throw ApplicationFailure.create(
    permanent('InvalidInput', `no host is of the failure domain ${kind} ${name}; ${known}`),
  );
}

function nameOf({ address }: KnownHost): string {
  return address.name;
}
