/** Every storage of the VMs of a cluster, opened by each of its hosts as a VM would open it. */
import type { DoctorFinding } from '../../model/doctor.ts';
import { fewNames } from '../../model/names.ts';
import { atMost } from '../hosts/at-most.ts';
import { findingsOf } from './findings.ts';
import { storagesOf, type LookedHost, type LookedVm } from './look-at-host.ts';
import { leftOut, settled, trialsAtOnce, type Examination } from './site-examination.ts';

/** A VM whose disks are tried, and the storages for which it stands. */
export interface Sample {
  readonly vm: Pick<LookedVm, 'name' | 'uuid'>;
  readonly from: LookedHost;
  readonly storages: readonly string[];
}

/** One VM for each storage, and no more than are needed. */
export function samplesOf(looks: readonly LookedHost[]): Sample[] {
  const rest = new Set(looks.flatMap(({ vms }) => vms.flatMap(({ storages }) => storages)));
  return looks.flatMap((from) =>
    from.vms.flatMap((vm): Sample[] => {
      const storages = vm.storages.filter((storage) => rest.delete(storage));
      return storages.length === 0 ? [] : [{ vm, from, storages }];
    }),
  );
}

/** One finding for each host. */
export async function checkStorage(
  examination: Examination,
  looks: readonly LookedHost[],
): Promise<DoctorFinding[]> {
  const wanted = looks.filter(({ host }) => examination.wanted(host));
  const isUsed = looks.some(({ vms }) => vms.some(({ storages }) => storages.length > 0));
  const each = (reason: string): DoctorFinding[] =>
    wanted.map(({ host }) => findingsOf(host.address.name, 'storage').notChecked(reason));
  if (!isUsed) return each('no VM of its cluster uses shared storage');
  if (!examination.trials) return each(leftOut);
  return await atMost(trialsAtOnce, wanted, (look) =>
    tryOn(examination, look, samplesOf(looks.filter((other) => other !== look))),
  );
}

async function tryOn(
  { hosts }: Examination,
  { host }: LookedHost,
  others: readonly Sample[],
): Promise<DoctorFinding> {
  const finding = findingsOf(host.address.name, 'storage');
  if (others.length === 0)
    return finding.ok('no VM of another host of its cluster uses shared storage; its own VMs have theirs');
  const missing: string[] = [];
  const gone: string[] = [];
  for (const { vm, from, storages } of others) {
    const tried = await settled(async () => {
      await using source = await hosts.open(from.host);
      await using session = await hosts.open(host);
      const definition = await source.definition(vm.uuid);
      const shared = definition.disks
        .filter((disk) => storagesOf({ disks: [disk] }, host.sharedPaths).length > 0)
        .map(({ target }) => target);
      const parts = await session.rehearse(definition);
      // Its networks are a check of their own, and that a local disk is nowhere else is told of the VM.
      return parts.filter(({ kind, name }) => kind === 'disk' && shared.includes(name));
    });
    if ('failed' in tried) gone.push(`${storages.join(', ')}: ${tried.failed}`);
    else
      for (const { name, reason } of tried.value)
        missing.push(`${name} of ${vm.name} (${storages.join(', ')}): ${reason}`);
  }
  if (missing.length > 0)
    return finding.error(
      `it can't open ${missing.join('; ')}`,
      'look whether the host reaches the storage, by the same path and with the same rights as the others of the cluster',
    );
  if (gone.length > 0) return finding.notChecked(gone.join('; '));
  return finding.ok(
    `it opens ${fewNames(others.flatMap(({ storages }) => storages))}, by the disks of ${fewNames(others.map(({ vm }) => vm.name))}`,
  );
}
