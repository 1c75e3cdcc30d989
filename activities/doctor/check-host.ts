/** The checks of one host by itself. */
import type { DoctorFinding } from '../../model/doctor.ts';
import { fenceStatus } from '../fencing/fence-status.ts';
import { checkNames } from './check-names.ts';
import { findingsOf, spanText } from './findings.ts';
import { judgeCertificates } from './judge-certificates.ts';
import { judgeClock, type ClockReading } from './judge-clocks.ts';
import { judgeFence } from './judge-fence.ts';
import { judgeKeepalive, trialMs } from './judge-keepalive.ts';
import type { HostLook } from './look-at-host.ts';
import { settled, trialOn, type Examination } from './site-examination.ts';
import { versionsFinding } from './tested-versions.ts';

/** Drover's steps wait for hosts: a slow answer is a part of every downtime. */
const slowMs = 1000;

export interface HostChecked {
  readonly findings: readonly DoctorFinding[];
  readonly clock?: ClockReading;
}

/**
 * All at once; a silent host costs its own time only. The clock comes after the trial of keepalive: what is measured is
 * not to be late because something is started there.
 */
export async function checkHost(examination: Examination, look: HostLook): Promise<HostChecked> {
  const keepalive = checkKeepalive(examination, look);
  const clock = keepalive.then(() => checkClock(examination, look));
  const findings = await Promise.all([
    checkNames(look.host.address),
    checkCertificates(examination, look),
    checkVersions(examination, look),
    clock.then(({ finding }) => finding),
    keepalive,
    checkFence(examination, look),
  ]);
  const { reading } = await clock;
  return {
    findings: [reachable(look), ...findings.flatMap((one) => one ?? [])],
    ...(reading ? { clock: reading } : {}),
  };
}

function reachable(look: HostLook): DoctorFinding {
  const finding = findingsOf(look.host.address.name, 'reachable');
  if ('unreachable' in look)
    return finding.error(
      look.unreachable,
      `look whether it is up and its libvirt daemon runs; from the worker's machine try: virsh -c ${look.host.address.uri} hostname`,
    );
  const { answeredAfterMs } = look;
  const measured = `it answered after ${spanText(answeredAfterMs)} by ${look.host.address.uri}`;
  if (answeredAfterMs > slowMs)
    return finding.warning(
      `${measured}: above ${spanText(slowMs)}`,
      'run a worker nearer to the host, or look what keeps the host or its name service busy',
    );
  return finding.ok(measured);
}

async function checkCertificates(
  { examinerOf }: Examination,
  look: HostLook,
): Promise<DoctorFinding | undefined> {
  const { address } = look.host;
  const examiner = examinerOf(address);
  if (!examiner || !address.uri.startsWith('qemu+tls:')) return undefined;
  const read = await settled(() => examiner.certificates(address));
  if ('value' in read) return judgeCertificates(address.name, read.value, new Date());
  const finding = findingsOf(address.name, 'certificates');
  if ('unreachable' in look) return finding.notChecked(read.failed);
  return finding.error(read.failed, 'put the files there that tls of the settings names');
}

async function checkVersions({ examinerOf }: Examination, look: HostLook): Promise<DoctorFinding> {
  const { address } = look.host;
  const finding = findingsOf(address.name, 'versions');
  if ('unreachable' in look) return finding.notChecked('it does not answer');
  const examiner = examinerOf(address);
  if (!examiner) return finding.notChecked(`it is a simulated host (${look.report.hypervisor})`);
  const read = await settled(() => examiner.versions(address));
  return 'failed' in read ? finding.notChecked(read.failed) : versionsFinding(address.name, read.value);
}

async function checkClock(
  examination: Examination,
  look: HostLook,
): Promise<{ finding: DoctorFinding; reading?: ClockReading }> {
  const { address } = look.host;
  const finding = findingsOf(address.name, 'clock');
  if ('unreachable' in look) return { finding: finding.notChecked('it does not answer') };
  const examiner = trialOn(examination, look.host);
  if (typeof examiner === 'string') return { finding: finding.notChecked(examiner) };
  const read = await settled(() => examiner.clock(address, examination.run));
  if ('failed' in read) return { finding: finding.notChecked(read.failed) };
  return { finding: judgeClock(address.name, read.value), reading: read.value };
}

async function checkKeepalive(examination: Examination, look: HostLook): Promise<DoctorFinding> {
  const { address } = look.host;
  const finding = findingsOf(address.name, 'keepalive');
  if ('unreachable' in look) return finding.notChecked('it does not answer');
  const examiner = trialOn(examination, look.host);
  if (typeof examiner === 'string') return finding.notChecked(examiner);
  const { keepaliveSeconds } = examination.hosts.site;
  const tryOnce = async (): Promise<DoctorFinding> => {
    const tried = await settled(() =>
      examiner.droppedAfterMs(address, trialMs(keepaliveSeconds), examination.signal),
    );
    if ('failed' in tried) return finding.notChecked(tried.failed);
    return judgeKeepalive(address.name, tried.value, keepaliveSeconds);
  };
  const first = await tryOnce();
  // Its daemon may have been busy at the moment at which it was due.
  return first.status === 'error' ? await tryOnce() : first;
}

async function checkFence({ fences }: Examination, look: HostLook): Promise<DoctorFinding | undefined> {
  const { name } = look.host.address;
  const device = fences.get(name);
  if (!device) return undefined;
  return judgeFence(name, device, await fenceStatus(device), !('unreachable' in look));
}
