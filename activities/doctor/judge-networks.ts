/** Every network of the VMs of a cluster, on each of its hosts. */
import type { DoctorFinding } from '../../model/doctor.ts';
import { fewNames } from '../../model/names.ts';
import { findingsOf } from './findings.ts';
import type { LookedHost } from './look-at-host.ts';

/** What is looked at of a host. */
export type NetworkedHost = {
  readonly host: { readonly address: { readonly name: string } };
  readonly report: Pick<LookedHost['report'], 'networks'>;
  readonly vms: readonly Pick<LookedHost['vms'][number], 'name' | 'networks'>[];
};

/** One finding for each host. */
export function judgeNetworks(hosts: readonly NetworkedHost[]): DoctorFinding[] {
  const users = new Map<string, string[]>();
  for (const { vms } of hosts)
    for (const { name, networks } of vms)
      for (const network of networks) users.set(network, [...(users.get(network) ?? []), name]);
  return hosts.map(({ host, report }) => {
    const finding = findingsOf(host.address.name, 'networks');
    if (users.size === 0) return finding.notChecked('no VM of its cluster uses a network');
    if (!report.networks) return finding.notChecked('it can not tell its networks (no interface driver)');
    const there = new Set(report.networks);
    const missing = [...users].filter(([network]) => !there.has(network));
    if (missing.length === 0)
      return finding.ok(`it has all networks of its cluster's VMs: ${fewNames([...users.keys()])}`);
    const each = missing.map(
      ([network, vms]) => `${network}, which ${fewNames(vms)} use${vms.length === 1 ? 's' : ''}`,
    );
    return finding.error(
      `it lacks ${each.join('; ')}`,
      'make the bridge or network there, with the same name as on the other hosts of the cluster: until then these VMs are not moved there',
    );
  });
}
