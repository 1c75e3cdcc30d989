/** All checks of the hosts of a datacenter. */
import type { DoctorFinding } from '../../model/doctor.ts';
import { fewNames } from '../../model/names.ts';
import { atMost } from '../hosts/at-most.ts';
import type { KnownHost } from '../hosts/hosts.ts';
import { checkHost, type HostChecked } from './check-host.ts';
import { checkPeers } from './check-peers.ts';
import { checkStorage } from './check-storage.ts';
import { findingsOf } from './findings.ts';
import { judgeClocks } from './judge-clocks.ts';
import { checkCpus } from './judge-cpus.ts';
import { judgeNetworks } from './judge-networks.ts';
import { answered, lookAtHost, type HostLook, type LookedHost } from './look-at-host.ts';
import { hostsAtOnce, settled, type Examination } from './site-examination.ts';

/** Findings of the clusters come first, then those of the hosts in the order of the settings, then of their VMs. */
export async function examineDatacenter(
  examination: Examination,
  datacenter: string,
): Promise<DoctorFinding[]> {
  const known = examination.hosts.site.hosts.filter((host) => host.datacenter === datacenter);
  const clusters = Map.groupBy(known, ({ cluster }) => cluster);
  // A cluster of which no host is wanted is not looked at.
  const parts = await Promise.all(
    [...clusters]
      .filter(([, hosts]) => hosts.some(examination.wanted))
      .map(([cluster, hosts]) => examineCluster(examination, cluster, hosts)),
  );
  return parts.flat();
}

async function examineCluster(
  examination: Examination,
  cluster: string,
  hosts: readonly KnownHost[],
): Promise<DoctorFinding[]> {
  const looks = await atMost(hostsAtOnce, hosts, (host) => lookAtHost(examination.hosts, host));
  const here = answered(looks);
  const wanted = looks.filter(({ host }) => examination.wanted(host));
  // Before anything is started there: what an earlier attempt left would be in the way.
  const leftovers = await atMost(hostsAtOnce, here, (look) => clearLeftovers(examination, look));
  const checked = await atMost(hostsAtOnce, wanted, (look) => checkHost(examination, look));
  // What keeps hosts busy comes last, since times are measured before.
  const cpus = await checkCpus(examination, cluster, here);
  const peers = await checkPeers(examination, looks);
  const storage = await checkStorage(examination, here);
  const named = new Set(wanted.map(({ host }) => host.address.name));
  const networks = judgeNetworks(here).filter(({ subject }) => named.has(subject));
  const findings = [
    ...ofCluster(examination, cluster, hosts, checked, wanted),
    ...cpus,
    ...checked.flatMap((one) => one.findings),
    ...leftovers.flat(),
    ...peers,
    ...networks,
    ...storage,
    ...ofVms(
      cluster,
      here.filter(({ host }) => examination.wanted(host)),
    ),
  ];
  return inOrder(findings, cluster, hosts);
}

function ofCluster(
  { fences }: Examination,
  cluster: string,
  hosts: readonly KnownHost[],
  checked: readonly HostChecked[],
  wanted: readonly HostLook[],
): DoctorFinding[] {
  const clocks = new Map(
    checked.flatMap(({ clock }, place) => {
      const name = wanted[place]?.host.address.name;
      return clock && name !== undefined ? [[name, clock] as const] : [];
    }),
  );
  const between = judgeClocks(cluster, clocks);
  const without = hosts.map(({ address }) => address.name).filter((name) => !fences.has(name));
  return [
    ...(between ? [between] : []),
    ...(without.length > 0
      ? [
          findingsOf(`cluster ${cluster}`, 'fence').notChecked(
            `${fewNames(without)} of its ${hosts.length} hosts ${without.length === 1 ? 'has' : 'have'} no fence device in the settings`,
            'name one (fence): without it only a person can say that a failed host is off',
          ),
        ]
      : []),
  ];
}

async function clearLeftovers(
  { examinerOf, run }: Examination,
  { host: { address } }: LookedHost,
): Promise<DoctorFinding[]> {
  const examiner = examinerOf(address);
  if (!examiner) return [];
  const finding = findingsOf(address.name, 'leftovers');
  const cleared = await settled(() => examiner.clearLeftovers(address, run));
  if ('failed' in cleared) return [finding.notChecked(cleared.failed)];
  if (cleared.value.length === 0) return [];
  return [
    finding.warning(
      `${cleared.value.length} throw-away VMs of an examination that died were there, and are removed: ${fewNames(cleared.value)}`,
      'nothing: it was found and put right',
    ),
  ];
}

/** One line for each thing that a VM has against being moved; one for the cluster where none has any. */
function ofVms(cluster: string, looks: readonly LookedHost[]): DoctorFinding[] {
  const vms = looks.flatMap((look) => look.vms);
  const found = vms.flatMap(({ name, findings }) =>
    findings.map(({ message, severity }) =>
      findingsOf(`VM ${name}`, 'movable').warning(
        message,
        severity === 'error'
          ? 'as it says; until then it is not moved'
          : `drover explain ${name} says what it means for a move`,
      ),
    ),
  );
  if (found.length > 0 || vms.length === 0) return found;
  return [
    findingsOf(`cluster ${cluster}`, 'movable').ok(
      `nothing in the definitions of its VMs (${vms.length}) keeps them from moving`,
    ),
  ];
}

function inOrder(
  findings: readonly DoctorFinding[],
  cluster: string,
  hosts: readonly KnownHost[],
): DoctorFinding[] {
  const order = new Map(
    [`cluster ${cluster}`, ...hosts.map(({ address }) => address.name)].map((name, place) => [name, place]),
  );
  return findings.toSorted(
    (a, b) => (order.get(a.subject) ?? Infinity) - (order.get(b.subject) ?? Infinity) || 0,
  );
}
