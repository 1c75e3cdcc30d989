/** The last look at the host that a VM is to move to: everything is asked of it anew, for this move. */
import type { Finding } from '../model/migrate-vm.ts';
import type { Candidate, Snapshot } from '../model/placement.ts';
import type { VmDefinition } from '../model/vm-definition.ts';
import { placeVm } from '../policies/placement/planner.ts';
import type { Hosts } from './hosts/hosts.ts';
import {
  findingsOfCandidate,
  findingsOfRehearsal,
  findingsOfTarget,
  type VmCopy,
} from './migration-checks.ts';
import { withAnswer, withSilent, type Survey, type SurveyedHost } from './survey.ts';

/** The VM that is to move, and its host. */
export interface Traveller {
  readonly source: VmCopy;
  readonly sourceReport: SurveyedHost['report'];
  readonly definition: VmDefinition;
  readonly sourceCpu: string;
  /** Why its CPU does not run on a host, by host; the target's newest answer is entered here. */
  readonly incompatible: Map<string, string>;
}

export interface TargetCheck {
  /** The survey with what the target has just said. */
  readonly survey: Survey;
  readonly findings: readonly Finding[];
  /** The target took the VM by the look that the plan was made from, and does no longer: plan again. */
  readonly isOutdated: boolean;
}

/**
 * @param rehearse have the target open the VM's disks and networks, which a migration does first as well
 * @param planned what the plan says of the target; absent when it has none
 * @param snapshotOf the planners' view of a survey, with all that is known of the traveller
 */
export async function checkTarget(
  hosts: Hosts,
  traveller: Traveller,
  {
    survey,
    to,
    planned,
    rehearse,
  }: {
    readonly survey: Survey;
    readonly to: string;
    readonly planned?: Candidate;
    readonly rehearse: boolean;
  },
  snapshotOf: (survey: Survey) => Snapshot,
): Promise<TargetCheck> {
  const { source, sourceReport, definition, sourceCpu, incompatible } = traveller;
  const certain = (...findings: Finding[]): TargetCheck => ({ survey, findings, isOutdated: false });
  const silent = survey.silent.find(({ host }) => host.address.name === to);
  if (silent) return certain({ severity: 'error', code: 'hostUnreachable', message: silent.unreachable });
  const surveyed = survey.answered.find(({ host }) => host.address.name === to);
  if (!surveyed) {
    const where = hosts.find(to)?.datacenter ?? '?';
    const message = `${to} is in datacenter ${where}, ${source.vm.name} in ${source.host.datacenter}: VMs move within a cluster`;
    return certain({ severity: 'error', code: 'otherCluster', message });
  }
  const { host } = surveyed;
  const [answer] = await hosts.report([host]);
  if (!answer || 'unreachable' in answer) {
    const message = answer?.unreachable ?? `${to} does not answer`;
    const findings: Finding[] = [{ severity: 'error', code: 'hostUnreachable', message }];
    return { survey: withSilent(survey, [{ host, unreachable: message }]), findings, isOutdated: true };
  }
  const current = withAnswer(survey, answer);
  if (host === source.host) {
    // What else were found would say nothing of a move: it has its own UUID, and no room for a second copy of the VM.
    const refused = candidateNow(current, source, to, snapshotOf);
    const findings = refused ? findingsOfCandidate(refused).filter(({ code }) => code === 'sameHost') : [];
    return { survey: current, findings, isOutdated: false };
  }
  await using session = await hosts.open(host);
  if (host.cluster === source.host.cluster) {
    const why = await session.cpuIncompatibility(definition, sourceCpu);
    if (why === undefined) incompatible.delete(to);
    else incompatible.set(to, why);
  }
  const candidate = candidateNow(current, source, to, snapshotOf);
  const findings = [
    ...(candidate ? findingsOfCandidate(candidate) : []),
    ...findingsOfTarget(source, sourceReport, answer),
  ];
  if (findings.some(({ severity }) => severity === 'error')) {
    const isOutdated = planned?.fits === true && candidate?.fits === false;
    return { survey: current, findings, isOutdated };
  }
  if (!rehearse) return { survey: current, findings, isOutdated: false };
  const missing = await session.rehearse(definition);
  return {
    survey: current,
    findings: [...findings, ...findingsOfRehearsal(to, missing)],
    isOutdated: false,
  };
}

/** The planner's verdict on the target alone: a plan of the whole herd takes a hundred times as long. */
function candidateNow(
  survey: Survey,
  source: VmCopy,
  to: string,
  snapshotOf: (survey: Survey) => Snapshot,
): Candidate | undefined {
  const both = survey.answered.filter(({ host }) => host === source.host || host.address.name === to);
  const { candidates } = placeVm(snapshotOf({ answered: both, silent: [] }), { vm: source.vm.name, to });
  return candidates.find(({ host }) => host === to);
}
