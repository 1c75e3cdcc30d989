/**
 * What would stop a move, or is worth knowing before it: pure functions from facts to findings. Each message says
 * what was found, measured against what, and what to do.
 */
import { fewNames } from '../model/names.ts';
import type { Finding } from '../model/migrate-vm.ts';
import type { Candidate, FilterVerdict, Placement } from '../model/placement.ts';
import type { HostReport, ReportedVm } from '../model/inventory.ts';
import type { VmDefinition, VmDisk } from '../model/vm-definition.ts';
import type { MissingPart } from './hosts/driver.ts';
import type { KnownHost } from './hosts/hosts.ts';

/** A VM as one host lists it. */
export interface VmCopy {
  readonly host: KnownHost;
  readonly vm: ReportedVm;
}

const error = (code: Finding['code'], message: string): Finding => ({ severity: 'error', code, message });
const warning = (code: Finding['code'], message: string): Finding => ({ severity: 'warning', code, message });

/** What the VM itself has against being moved, wherever to. */
export function findingsOfVm(
  copy: VmCopy,
  copies: readonly VmCopy[],
  definition: VmDefinition,
  moving: boolean,
): Finding[] {
  const { name } = copy.vm;
  const at = copy.host.address.name;
  const findings: Finding[] = [];
  if (!mayMove(copy)) {
    const { state, stateReason } = copy.vm;
    findings.push(
      error(
        'vmNotRunning',
        `${name} is ${state} (${stateReason}) on ${at}: only a VM that runs, or that a person has paused, is moved`,
      ),
    );
  }
  if (moving) {
    findings.push(
      error('vmBusy', `${name} is being migrated already, not by this operation: wait for it or abort it`),
    );
  }
  for (const other of copies) {
    // A copy that a migration fills is no second definition; that a migration runs is told already.
    if (other.host.address.name === at || other.vm.state === 'migratingIn') continue;
    findings.push(severalCopies(copy, other));
  }
  for (const device of definition.hostDevices) {
    findings.push(error('hostDevice', `${name} uses a ${device}, which stays on ${at}: detach it first`));
  }
  findings.push(...definition.disks.flatMap((disk) => findingsOfDisk(copy, disk)));
  if (!copy.vm.persistent) {
    findings.push(
      warning('transient', `${name} has no lasting definition on ${at}; it gets one on the target`),
    );
  }
  if (definition.hasHiddenPassword) {
    findings.push(
      warning(
        'secretsInDefinition',
        `${name} has a graphics password: Drover does not read it, so it can't restore it`,
      ),
    );
  }
  for (const part of definition.stateOutside) {
    findings.push(
      warning(
        'stateOutsideDefinition',
        `${name} keeps state in its ${part}, which its definition does not hold`,
      ),
    );
  }
  return findings;
}

/** The VM was to leave these hosts, and is on another. */
export function leftAlready({ vm, host }: VmCopy, hosts: readonly string[]): Finding {
  return warning('leftAlready', `${vm.name} is on ${host.address.name}, and was to leave ${fewNames(hosts)}`);
}

/** What a person does about a copy; virsh knows no simulated hosts. */
function byHand(order: 'undefine' | 'destroy', { host: { address }, vm }: VmCopy): string {
  return address.uri.startsWith('sim://')
    ? `npm run simulated -- person ${order} ${vm.name} --host ${address.name}`
    : `virsh -c ${address.uri} ${order} ${vm.uuid}`;
}

function findingsOfDisk(copy: VmCopy, disk: VmDisk): Finding[] {
  if (disk.source === undefined || disk.kind === 'network') return [];
  const isShared =
    disk.path !== undefined && copy.host.sharedPaths.some((folder) => isUnder(disk.path ?? '', folder));
  if (isShared) return [];
  const { name } = copy.vm;
  const where = `${disk.target} of ${name} is ${disk.source} on ${copy.host.address.name}`;
  if (disk.device === 'cdrom' || disk.device === 'floppy') {
    return [
      error(
        'localMedia',
        `${where}: eject it (virsh change-media ${name} ${disk.target} --eject), or keep it on shared storage`,
      ),
    ];
  }
  return [
    error(
      'diskLocal',
      `${where}, which no other host is known to reach: put it on network storage; ` +
        `if that path is the same storage on every host, name it in clusters.${copy.host.cluster}.sharedPaths`,
    ),
  ];
}

function isUnder(path: string, folder: string): boolean {
  const base = folder.endsWith('/') ? folder : `${folder}/`;
  return path.startsWith(base) && !path.split('/').includes('..');
}

/** What the target has against the VM, beyond what the planner's filters say. */
export function findingsOfTarget(
  copy: VmCopy,
  source: HostReport,
  target: { readonly host: KnownHost; readonly report: HostReport },
): Finding[] {
  const { name, uuid } = copy.vm;
  const to = target.host.address.name;
  const findings: Finding[] = [];
  if (target.report.uuid === source.uuid) {
    findings.push(
      error(
        'sameHostUuid',
        `${to} and ${copy.host.address.name} have the same host UUID ${source.uuid}: give each its own host_uuid in libvirtd.conf`,
      ),
    );
  }
  for (const vm of target.report.vms) {
    if (vm.uuid === uuid && vm.name !== name) {
      findings.push(error('uuidTaken', `${to} has a VM ${vm.name} with the UUID of ${name} (${uuid})`));
    }
    if (vm.name === name && vm.uuid !== uuid) {
      findings.push(
        error('nameTaken', `${to} has another VM called ${name} (UUID ${vm.uuid}): rename one of them`),
      );
    }
  }
  if (olderThan(target.report.hypervisor, source.hypervisor)) {
    findings.push(
      warning(
        'olderHypervisor',
        `${to} runs ${target.report.hypervisor}, older than ${source.hypervisor} of ${copy.host.address.name}: such moves are often refused`,
      ),
    );
  }
  return findings;
}

function olderThan(a: string, b: string): boolean {
  const numbers = (text: string): number[] => (/\d+(\.\d+)*/.exec(text)?.[0] ?? '').split('.').map(Number);
  const [left, right] = [numbers(a), numbers(b)];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

const findingCodeOf: Readonly<Record<FilterVerdict['code'], Finding['code']>> = {
  currentHost: 'sameHost',
  notActive: 'hostNotActive',
  otherCluster: 'otherCluster',
  cpuIncompatible: 'cpuIncompatible',
  tooFewCpus: 'tooFewCpus',
  memoryShort: 'memoryShort',
  cpuShort: 'cpuShort',
  networkMissing: 'networkMissing',
  storageUnreachable: 'diskUnreachable',
  avoided: 'hostAvoided',
  apartFrom: 'apartFrom',
  ruleHosts: 'ruleHosts',
  ruleApart: 'ruleApart',
  ruleTogether: 'ruleTogether',
  hostUnreachable: 'hostUnreachable',
  sameHostUuid: 'sameHostUuid',
  nameTaken: 'nameTaken',
  uuidTaken: 'uuidTaken',
  triedBefore: 'triedBefore',
};
const refusalCodes = Object.keys(findingCodeOf) as FilterVerdict['code'][];

/** What is alive is never told to be undefined: that would leave it running, and forgotten. */
function severalCopies(copy: VmCopy, other: VmCopy): Finding {
  const { name } = copy.vm;
  const [at, where] = [copy.host.address.name, other.host.address.name];
  const { state, uuid } = other.vm;
  if (state === 'off' || state === 'crashed') {
    return error(
      'severalCopies',
      `${name} is defined on ${where} too (${state}, UUID ${uuid}): ` +
        `find out which is right; if the one on ${where} is a leftover: ${byHand('undefine', other)}`,
    );
  }
  return error(
    'runsTwice',
    `${name} is ${copy.vm.state} on ${at} and ${state} on ${where} (UUID ${uuid}): two copies may be running. ` +
      `Touch nothing before you know which one its users reach; end the other (on ${where}: ${byHand('destroy', other)}), and check the VM's disks`,
  );
}

/** A VM that a person has paused moves too, and is left paused; one that its hypervisor has halted is in trouble. */
function mayMove({ vm: { state, stateReason } }: VmCopy): boolean {
  return state === 'running' || (state === 'paused' && stateReason === 'user');
}

/** The planner's refusals of a host that was asked for by name, as findings. */
export function findingsOfCandidate(candidate: Candidate): Finding[] {
  return candidate.filters
    .filter(({ passed }) => !passed)
    .map(({ code, reason }) => error(findingCodeOf[code], reason));
}

/** The errors that a host found in a VM, as a placement tells them; findings of the VM itself refuse no host. */
export function verdictsOf(findings: readonly Finding[]): FilterVerdict[] {
  return findings.flatMap(({ severity, code: found, message }) => {
    const code =
      severity === 'error' ? refusalCodes.find((refusal) => findingCodeOf[refusal] === found) : undefined;
    return code ? [{ code, passed: false, reason: message }] : [];
  });
}

/** A host on which an earlier attempt of the operation has failed. */
export function findingOfFailure({ host, reason }: { host: string; reason: string }): Finding {
  return error('triedBefore', `the move to ${host} was tried and failed: ${reason}`);
}

/** A chosen host that is no better for the VM than the one it is on. */
export function findingsOfGain({ vm, from, chosen, gain, candidates }: Placement): Finding[] {
  if (from === undefined || chosen === undefined || gain === undefined || gain > 0) return [];
  const scoreOf = (name: string): string =>
    `${name} scores ${candidates.find(({ host }) => host === name)?.score ?? '?'}`;
  return [
    warning(
      'noGain',
      `the move gains nothing for ${vm}: ${scoreOf(chosen)}, and ${scoreOf(from)}, where it is: ` +
        'leave it there, or name the host that you want (to)',
    ),
  ];
}

/** What a rehearsal on the target could not open. */
export function findingsOfRehearsal(to: string, missing: readonly MissingPart[]): Finding[] {
  return missing.map(({ kind, name, reason }) =>
    kind === 'disk'
      ? error('diskUnreachable', `${to} can't open the disk ${name}: ${reason}`)
      : error('networkMissing', `${to} has no network ${name}: ${reason}`),
  );
}
