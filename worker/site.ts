/** The part of `drover.yaml` that activities work with. */
import type { Site } from '../activities/hosts/hosts.ts';
import type { Settings } from '../settings/schema.ts';

export function siteOf(settings: Settings): Site {
  return {
    hosts: Object.entries(settings.clusters).flatMap(([cluster, { datacenter, hosts, sharedPaths }]) =>
      Object.entries(hosts).map(([name, host]) => {
        const peerUri = host.peerUri ?? host.uri;
        return {
          address: { name, uri: host.uri, peerUri, migrateTo: host.migrateTo ?? hostOf(peerUri) },
          cluster,
          datacenter,
          sharedPaths,
          failureDomains: host.failureDomains,
          ...(host.cpus === undefined ? {} : { cpus: host.cpus }),
          ...(host.memoryMiB === undefined ? {} : { memoryMiB: host.memoryMiB }),
        };
      }),
    ),
    vms: settings.vms,
    availability: Object.fromEntries(
      Object.entries(settings.clusters).map(([cluster, { availability }]) => [cluster, availability]),
    ),
    rules: Object.entries(settings.rules).map(([name, rule]) => ({ name, ...rule })),
    starved: settings.starved,
    migrations: settings.migrations,
    keepaliveSeconds: settings.keepaliveSeconds,
  };
}

function hostOf(uri: string): string {
  return new URL(uri).hostname;
}
