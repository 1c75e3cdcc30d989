/** A host's whole report from libvirt: one statistics call for all VMs, and a few about the host. */
import { child, parseXml, textOf } from './definition.ts';
import type { HostReport, ReportedVm } from '../../model/inventory.ts';
import type { LibvirtClient } from './libvirt/client.ts';
import { domainStateReport } from './libvirt/domain-state.ts';
import { LibvirtError } from './libvirt/errors.ts';
import { isRehearsal } from './libvirt-rehearsal.ts';
import { vmStateOf } from './libvirt-states.ts';

/** virConnectGetAllDomainStats groups: state, CPU time, memory, vCPUs. NOWAIT is the client's default. */
const statsGroups = 1 | 2 | 4 | 8;
/** virConnectListAllDomains: transient ones. */
const transientDomains = 8;

export async function readReport(client: LibvirtClient): Promise<HostReport> {
  const [stats, transient, node, version, capabilities, networks] = await Promise.all([
    client.domainStats({ groups: statsGroups }),
    client.listDomains(transientDomains),
    client.nodeInfo(),
    client.hypervisorVersion(),
    client.capabilities(),
    readNetworks(client),
  ]);
  const transientUuids = new Set(transient.map(({ uuid }) => uuid));
  return {
    uuid: textOf(child(parseXml(capabilities, 'capabilities'), 'host'), 'uuid').toLowerCase(),
    hypervisor: `QEMU ${version}`,
    cpus: node.cpus,
    memoryMiB: Math.floor(node.memoryKiB / 1024),
    ...(networks ? { networks } : {}),
    vms: stats
      .filter(({ domain }) => !isRehearsal(domain.name))
      .map(({ domain, stats: values }): ReportedVm => {
        const { state, reason } = domainStateReport(
          Number(values['state.state']),
          Number(values['state.reason']),
        );
        // libvirt counts 0 for one that is off.
        const cpuTime = domain.id === -1 ? undefined : values['cpu.time'];
        return {
          name: domain.name,
          uuid: domain.uuid,
          state: vmStateOf(state, reason),
          stateReason: reason,
          persistent: !transientUuids.has(domain.uuid),
          memoryMiB: Number(values['balloon.maximum'] ?? 0) / 1024,
          vcpus: Number(values['vcpu.maximum'] ?? values['vcpu.current'] ?? 1),
          ...(cpuTime === undefined ? {} : { cpuSeconds: Number(cpuTime) / 1e9 }),
        };
      }),
  };
}

async function readNetworks(client: LibvirtClient): Promise<string[] | undefined> {
  try {
    return [...new Set((await Promise.all([client.interfaces(), client.networks()])).flat())];
  } catch (error) {
    // Not every libvirt has an interface driver: then the rehearsal on the host decides.
    if (error instanceof LibvirtError) return undefined;
    throw error;
  }
}
