/** One look at a host: what it says of itself and of its VMs, as far as checks need it. */
import type { HostReport } from '../../model/inventory.ts';
import type { Finding } from '../../model/migrate-vm.ts';
import type { VmDefinition } from '../../model/vm-definition.ts';
import { messageOf } from '../hosts/errors.ts';
import type { HostSession } from '../hosts/driver.ts';
import type { Hosts, KnownHost } from '../hosts/hosts.ts';
import { findingsOfVm } from '../migration-checks.ts';

/** A VM without its XML: a datacenter has tens of thousands. */
export interface LookedVm {
  readonly name: string;
  readonly uuid: string;
  readonly networks: readonly string[];
  /** Servers of its network disks, and shared folders that its files lie in. */
  readonly storages: readonly string[];
  /** What it has against being moved. */
  readonly findings: readonly Finding[];
}

/** A host that answered. */
export interface LookedHost {
  readonly host: KnownHost;
  /** Until the connection was there and the host had said its name. */
  readonly answeredAfterMs: number;
  readonly report: HostReport;
  readonly cpu: string;
  readonly vms: readonly LookedVm[];
}

export type HostLook = LookedHost | { readonly host: KnownHost; readonly unreachable: string };

/** What is told of a VM that stands still too. */
const lasting: readonly Finding['code'][] = [
  'hostDevice',
  'diskLocal',
  'localMedia',
  'secretsInDefinition',
  'stateOutsideDefinition',
];

export async function lookAtHost(hosts: Hosts, host: KnownHost): Promise<HostLook> {
  try {
    const beganMs = performance.now();
    await using session = await hosts.open(host);
    await session.barrier();
    const answeredAfterMs = performance.now() - beganMs;
    const [report, cpu] = await Promise.all([session.report(), session.cpu()]);
    return { host, answeredAfterMs, report, cpu, vms: await vmsOf(session, host, report) };
  } catch (error) {
    return { host, unreachable: messageOf(error) };
  }
}

export function answered(looks: readonly HostLook[]): LookedHost[] {
  return looks.filter((look): look is LookedHost => !('unreachable' in look));
}

async function vmsOf(session: HostSession, host: KnownHost, report: HostReport): Promise<LookedVm[]> {
  const vms: LookedVm[] = [];
  for (const vm of report.vms) {
    if (vm.state === 'migratingIn') continue;
    let definition: VmDefinition;
    try {
      definition = await session.definition(vm.uuid);
    } catch {
      // It went since the report: then it is on another host, or nowhere.
      continue;
    }
    vms.push({
      name: vm.name,
      uuid: vm.uuid,
      networks: definition.networks,
      storages: storagesOf(definition, host.sharedPaths),
      findings: findingsOfVm({ host, vm }, [], definition, false).filter(({ code }) =>
        lasting.includes(code),
      ),
    });
  }
  return vms;
}

export function storagesOf({ disks }: Pick<VmDefinition, 'disks'>, sharedPaths: readonly string[]): string[] {
  const found = disks.flatMap(({ storage, path }) => {
    if (storage !== undefined) return [storage];
    const folder = sharedPaths.find((shared) => path?.startsWith(`${shared.replace(/\/$/, '')}/`));
    return folder === undefined ? [] : [folder];
  });
  return [...new Set(found)];
}
