/** Which hosts of a cluster take VMs with the CPU of which others. */
import type { DoctorFinding } from '../../model/doctor.ts';
import { fewNames } from '../../model/names.ts';
import type { VmDefinition } from '../../model/vm-definition.ts';
import { atMost } from '../hosts/at-most.ts';
import { cpuQuestion } from '../hosts/cpu-question.ts';
import { child, children, parseXml, textOf } from '../hosts/definition.ts';
import { findingsOf } from './findings.ts';
import type { LookedHost } from './look-at-host.ts';
import { hostsAtOnce, settled, type Examination } from './site-examination.ts';

/** A VM that was given its host's own CPU: whoever takes it takes every VM of that host. */
const ofItsHost: VmDefinition = {
  uuid: '00000000-0000-0000-0000-000000000000',
  name: "a VM with its host's own CPU",
  memoryMiB: 1,
  vcpus: 1,
  disks: [],
  networks: [],
  hostDevices: [],
  stateOutside: [],
  hasHiddenPassword: false,
  xml: '<domain type="kvm"><cpu mode="host-passthrough"/></domain>',
};

const advice =
  'give VMs a CPU model that all hosts of the cluster have (virsh hypervisor-cpu-baseline), not host-passthrough: then they move everywhere';

/** One finding for each host that does not take them all; one for the cluster where all do. */
export async function checkCpus(
  examination: Examination,
  cluster: string,
  looks: readonly LookedHost[],
): Promise<DoctorFinding[]> {
  // Hosts alike are one question.
  const kinds = [...Map.groupBy(looks, ({ cpu }) => cpuQuestion(ofItsHost, cpu)).values()];
  if (looks.length < 2) return [];
  const perHost = await atMost(
    hostsAtOnce,
    looks.filter(({ host }) => examination.wanted(host)),
    (look) =>
      refusals(
        examination,
        look,
        kinds.filter((kind) => !kind.includes(look)),
      ),
  );
  const found = perHost.flat();
  if (found.length > 0) return found;
  const models = [...new Set(looks.map(({ cpu }) => cpuOf(cpu)?.model).filter(Boolean))];
  const which = models.length > 0 ? ` (${models.join(', ')})` : '';
  return [
    findingsOf(`cluster ${cluster}`, 'cpu').ok(
      `its ${looks.length} hosts take VMs with the CPU of one another${which}`,
    ),
  ];
}

async function refusals(
  { hosts }: Examination,
  look: LookedHost,
  others: readonly (readonly LookedHost[])[],
): Promise<DoctorFinding[]> {
  const finding = findingsOf(look.host.address.name, 'cpu');
  const asked = await settled(async () => {
    if (others.length === 0) return [];
    await using session = await hosts.open(look.host);
    const found: DoctorFinding[] = [];
    for (const kind of others) {
      const [source] = kind;
      const why = source && (await session.cpuIncompatibility(ofItsHost, source.cpu));
      if (!source || why === undefined) continue;
      const names = fewNames(kind.map(({ host }) => host.address.name));
      const lacking = lackingFeatures(source.cpu, look.cpu);
      found.push(
        finding.warning(
          `it can't take VMs with the CPU of ${names}: ${[why, ...lacking].join('; ')}`,
          advice,
        ),
      );
    }
    return found;
  });
  return 'failed' in asked ? [finding.notChecked(asked.failed)] : asked.value;
}

/** What one host's CPU has and the other's does not, by their own capabilities. */
export function lackingFeatures(sourceCpu: string, targetCpu: string): string[] {
  const [source, target] = [cpuOf(sourceCpu), cpuOf(targetCpu)];
  if (!source || !target) return [];
  const lacking = [...source.features].filter((feature) => !target.features.has(feature));
  return [
    ...(source.model === target.model ? [] : [`its model is ${target.model}, theirs ${source.model}`]),
    ...(lacking.length > 0 ? [`it does not name the features ${fewNames(lacking)}`] : []),
  ];
}

function cpuOf(capabilities: string): { model: string; features: Set<string> } | undefined {
  if (!capabilities.trimStart().startsWith('<')) return undefined;
  const cpu = child(child(parseXml(capabilities, 'capabilities'), 'host'), 'cpu');
  if (!cpu) return undefined;
  return {
    model: textOf(cpu, 'model') || 'unknown',
    features: new Set(children(cpu, 'feature').flatMap((feature) => feature.getAttribute('name') ?? [])),
  };
}
