/** Each host of a cluster, reached by the one before it in a ring: a throw-away VM is moved there. */
import type { DoctorFinding } from '../../model/doctor.ts';
import { atMost } from '../hosts/at-most.ts';
import { findingsOf, spanText } from './findings.ts';
import { answered, type HostLook, type LookedHost } from './look-at-host.ts';
import { settled, trialOn, trialsAtOnce, type Examination } from './site-examination.ts';

/** Memory that a throw-away VM takes with its QEMU. */
const trialNeedsMiB = 128;

/** One finding for each pair of which one is wanted, told of the host that moves. */
export async function checkPeers(
  examination: Examination,
  looks: readonly HostLook[],
): Promise<DoctorFinding[]> {
  if (looks.length < 2) {
    return looks.map(({ host }) =>
      findingsOf(host.address.name, 'peers').notChecked('it is alone in its cluster'),
    );
  }
  const pairs = looks
    .map((from, place) => [from, looks[(place + 1) % looks.length] ?? from] as const)
    .filter((pair) => pair.some(({ host }) => examination.wanted(host)));
  return await atMost(trialsAtOnce, pairs, ([from, to]) => tryPair(examination, looks, from, to));
}

async function tryPair(
  examination: Examination,
  looks: readonly HostLook[],
  from: HostLook,
  to: HostLook,
): Promise<DoctorFinding> {
  const [source, target] = [from.host.address, to.host.address];
  const finding = findingsOf(source.name, 'peers');
  const about = `a move to ${target.name} was not tried: `;
  const examiner = trialOn(examination, from.host);
  if (typeof examiner === 'string') return finding.notChecked(about + examiner);
  if (!examination.examinerOf(target)) return finding.notChecked(`${about}it is a host of another kind`);
  if ('unreachable' in from) return finding.notChecked(`${about}${source.name} does not answer`);
  if ('unreachable' in to) return finding.notChecked(`${about}${target.name} does not answer`);
  const against = hindrance(answered(looks), from, to);
  if (against) return finding.notChecked(about + against, 'try again later');
  const moved = await settled(() => examiner.trialMove(source, target, examination.run));
  if ('failed' in moved)
    return finding.error(
      `a throw-away VM can't be moved to ${target.name} (peerUri ${target.peerUri}, migrateTo ${target.migrateTo}): ${moved.failed}`,
      `on ${source.name} try: virsh -c ${target.peerUri} hostname; it must get there without a password, and from there TCP ports 49152 to 49215 of ${target.migrateTo} must be open`,
    );
  return finding.ok(`a throw-away VM was moved to ${target.name} in ${spanText(moved.value)}`);
}

/** What speaks against a trial now; a trial must cost no VM anything. */
export function hindrance(
  looks: readonly Pick<LookedHost, 'host' | 'report'>[],
  from: Pick<LookedHost, 'host' | 'report'>,
  to: Pick<LookedHost, 'host' | 'report'>,
): string | undefined {
  for (const { report } of [from, to]) {
    const arriving = report.vms.find(({ state }) => state === 'migratingIn');
    if (arriving) return `${arriving.name} is being moved`;
    const leaving = report.vms.find(({ uuid, state }) =>
      looks.some(
        (other) =>
          state !== 'off' &&
          other.report !== report &&
          other.report.vms.some((vm) => vm.uuid === uuid && vm.state === 'migratingIn'),
      ),
    );
    if (leaving) return `${leaving.name} is being moved`;
  }
  for (const { host, report } of [from, to]) {
    const used = report.vms
      .filter(({ state }) => state !== 'off' && state !== 'crashed')
      .reduce((sum, { memoryMiB }) => sum + memoryMiB, 0);
    const free = (host.memoryMiB ?? report.memoryMiB) - used;
    if (free < trialNeedsMiB)
      return `${host.address.name} has ${Math.max(0, Math.round(free))} MiB of memory left, and a throw-away VM needs ${trialNeedsMiB}`;
  }
  return undefined;
}
