/** What `drover get` lists: of each kind its data, its rows and its labels. */
import type { InventoryHost, VmFacts } from '../../model/inventory.ts';
import { fewNames, isActionableVmName } from '../../model/names.ts';
import type { Claim } from '../claims.ts';
import type { Drover, OperationSummary } from '../drover.ts';
import { WorkersSilent } from '../errors.ts';
import type { Coverage } from '../../model/coverage.ts';
import { hostLabels, operationLabels, vmLabels, type Labeled } from './labels.ts';
import { clustersOf, coresText, usedOf, type ClusterUse } from './used.ts';
import { selects, type Labels, type Requirement } from './selector.ts';

export interface Item {
  /** One of a kind in its list: a VM that two hosts list is two items. */
  readonly id: string;
  readonly data: object;
  readonly row: readonly string[];
  readonly labels: Labels;
  /** What makes it another than before, for whoever watches; load alone does not. */
  readonly looks: string;
}

export interface Listing {
  readonly head: readonly string[];
  readonly items: readonly Item[];
  /** What the list does not show, and why. */
  readonly notes: readonly string[];
  /** Labels of all that there are, before the selection. */
  readonly all: readonly Labels[];
}

export interface ListOptions {
  readonly selector: readonly Requirement[];
  /** Operations that have not ended alone. */
  readonly running?: boolean;
  /** Operations that only looked, too. */
  readonly all?: boolean;
}

type List = (drover: Drover, options: ListOptions) => Promise<Listing>;

export const listings: Readonly<Record<Labeled, List>> = {
  async hosts(drover, { selector }) {
    const { hosts } = await drover.inventory();
    return selected(selector, {
      head: ['HOST', 'CLUSTER', 'STATE', 'VMS', 'CPU', 'MEMORY MIB', 'HYPERVISOR'],
      items: hosts.map(hostItem),
    });
  },

  async vms(drover, { selector }) {
    const { hosts } = await drover.inventory();
    const items = hosts.flatMap((host) =>
      host.answer.reachable ? host.answer.facts.vms.map((vm) => vmItem(host, vm)) : [],
    );
    return selected(
      selector,
      { head: ['VM', 'HOST', 'STATE', 'CPU', 'VCPUS', 'MEMORY MIB', 'UUID'], items },
      silenceOf(hosts),
    );
  },

  async clusters(drover, { selector }) {
    const [{ hosts }, coverage] = await Promise.all([drover.inventory(), drover.coverage()]);
    const covered = new Map(coverage.map((one) => [one.cluster, one]));
    return selected(
      selector,
      {
        head: ['CLUSTER', 'DATACENTER', 'HOSTS', 'VMS', 'RUNNING', 'CPU', 'MEMORY MIB', 'FAILURES COVERED'],
        items: clustersOf(hosts).map((use) => clusterItem(use, covered.get(use.cluster))),
      },
      [...silenceOf(hosts), ...coverage.flatMap((one) => shortText(one) ?? [])],
    );
  },

  async operations(drover, { selector, running = false, all = false }) {
    const seen: Labels[] = [];
    const found = await drover.operations({
      running,
      dryRuns: all,
      where: (one) => {
        const labels = operationLabels(one);
        seen.push(labels);
        return selects(selector, labels);
      },
    });
    const { claims, note } = await claimsOf(drover, found);
    return {
      head: ['OPERATION', 'TYPE', 'VM', 'STATUS', 'STATE', 'HOLDS', 'WAITS FOR', 'STARTED', 'ENDED'],
      items: found.map((one) => operationItem(one, claims.get(one.workflowId))),
      notes: note === undefined ? [] : [note],
      all: seen,
    };
  },
};

function selected(
  selector: readonly Requirement[],
  { head, items }: Pick<Listing, 'head' | 'items'>,
  notes: readonly string[] = [],
): Listing {
  return {
    head,
    items: items.filter(({ labels }) => selects(selector, labels)),
    notes,
    all: items.map(({ labels }) => labels),
  };
}

function silenceOf(hosts: readonly InventoryHost[]): string[] {
  const silent = hosts.filter(({ answer }) => !answer.reachable).map(({ name }) => name);
  return silent.length > 0 ? [`not asked, they don't answer: ${silent.join(', ')}`] : [];
}

/** What those that run hold and wait for; nothing, and a word of it, while no worker answers. */
async function claimsOf(
  drover: Drover,
  operations: readonly OperationSummary[],
): Promise<{ claims: ReadonlyMap<string, Claim>; note?: string }> {
  try {
    const running = operations.filter(({ status }) => status === 'RUNNING');
    return { claims: await drover.claims(running, { timeoutMs: 5000 }) };
  } catch (error) {
    if (!(error instanceof WorkersSilent)) throw error;
    return { claims: new Map(), note: `what they hold and wait for is not shown: ${error.message}` };
  }
}

function hostItem(host: InventoryHost): Item {
  const { name, cluster, answer } = host;
  const labels = hostLabels(host);
  const used = usedOf(host);
  const state = labels['state'] ?? '';
  const [vms, memory] = used
    ? [String(used.runningVms), `${used.memoryUsedMiB} of ${used.memoryMiB}`]
    : ['', ''];
  const cpu = used ? `${coresText(used.cpuBusyCores)} of ${used.cpus}` : '';
  const hypervisor = answer.reachable ? answer.facts.hypervisor : answer.reason;
  return {
    id: name,
    data: { ...host, state },
    row: [name, cluster, state, vms, cpu, memory, hypervisor],
    labels,
    looks: [state, vms, memory, hypervisor].join('\n'),
  };
}

function vmItem(host: InventoryHost, vm: VmFacts): Item {
  const name = isActionableVmName(vm.name) ? vm.name : `${vm.name} (left alone: rename it)`;
  const state = `${vm.state} (${vm.stateReason})`;
  const size = [String(vm.vcpus), String(vm.memoryMiB)];
  return {
    id: `${host.name} ${vm.uuid}`,
    data: { host: host.name, cluster: host.cluster, datacenter: host.datacenter, ...vm },
    row: [name, host.name, state, coresText(vm.cpuBusyCores), ...size, vm.uuid],
    labels: vmLabels(host, vm),
    looks: [vm.name, state, ...size].join('\n'),
  };
}

/** What would not fit when one host more failed than the cluster has room for. */
function shortText({ cluster, worst }: Coverage): string | undefined {
  if (!worst) return undefined;
  const { hosts, vms, memoryMiB } = worst;
  return `cluster ${cluster}: when ${hosts.join(' and ')} fails, these have no place: ${fewNames(vms.map(({ vm }) => vm))} (${memoryMiB} MiB)`;
}

function clusterItem(use: ClusterUse, coverage: Coverage | undefined): Item {
  const { cluster, datacenter, silentHosts, cpuBusyCores, cpus, memoryUsedMiB, memoryMiB } = use;
  const hosts = `${use.hosts}${silentHosts.length === 0 ? '' : ` (${silentHosts.length} silent)`}`;
  const memory = `${memoryUsedMiB} of ${memoryMiB}`;
  const counts = [hosts, String(use.vms), String(use.runningVms)];
  const failures = coverage ? `${coverage.covered} of ${coverage.wanted}` : '';
  return {
    id: cluster,
    data: { ...use, ...(coverage ? { coverage } : {}) },
    row: [cluster, datacenter, ...counts, `${coresText(cpuBusyCores)} of ${cpus}`, memory, failures],
    labels: { cluster, datacenter },
    looks: [...counts, memory, failures].join('\n'),
  };
}

function operationItem(one: OperationSummary, claim: Claim | undefined): Item {
  const row = [
    one.workflowId,
    one.type,
    one.vm ?? '',
    one.status,
    one.state ?? '',
    claim?.kind === 'holds' ? `epoch ${claim.epoch}` : '',
    claim?.kind === 'waits' ? (claim.holder ?? `turn ${claim.place}`) : '',
    one.startedAt,
    one.endedAt ?? '',
  ];
  return {
    id: one.workflowId,
    data: { ...one, ...(claim ? { claim } : {}) },
    row,
    labels: operationLabels(one),
    looks: row.join('\n'),
  };
}
