/** Whether a VM is short of CPU: the question behind the alert `DroverVmStarved`, asked again before anything moves. */
import type { PlannerHost, Snapshot } from '../../model/placement.ts';
import { exactly } from '../engine/room.ts';
import { compareNames, counted, listed, plain } from '../engine/wording.ts';

/** The thresholds of `starved` in drover.yaml, the same that the alert's rule is made from. */
export interface StarvedThresholds {
  /** The host's VMs use at least this share of its cores. */
  readonly hostBusyRatio: number;
  /** The VM uses at least this share of the cores that its host has. */
  readonly vmShareOfHost: number;
}

/** The answer; `undefined`: it was not measured, which is neither yes nor no. */
export interface StarvedAnswer {
  readonly starved: boolean | undefined;
  readonly reason: string;
}

/**
 * Looks whether a VM is starved: its host is busy, and the VM has a large part in it. A VM with a small part would
 * gain little elsewhere and would relieve nobody.
 * @throws Error for a VM that the snapshot does not have: a bug of the caller
 */
export function isStarved(snapshot: Snapshot, vm: string, thresholds: StarvedThresholds): StarvedAnswer {
  const listings = snapshot.vms.filter(({ name }) => name === vm);
  const copies = listings.filter(({ running }) => running);
  const facts = copies[0] ?? listings[0];
  if (!facts) throw new Error(`the snapshot has no VM ${vm}`);
  if (copies.length > 1) {
    const where = listed(copies.map(({ host }) => host ?? 'no host').toSorted(compareNames));
    return { starved: undefined, reason: `${vm} is listed on ${where}: which one runs it is unknown` };
  }
  if (!facts.running) return { starved: false, reason: `${vm} does not run` };
  const host = snapshot.hosts.find(({ name }) => name === facts.host);
  if (!host) return { starved: undefined, reason: `${vm} is on no host that is known` };
  if (host.state === 'unreachable') {
    return { starved: undefined, reason: `${host.name} does not answer: its load is unknown` };
  }
  if (facts.cpuBusyCores === undefined) {
    return { starved: undefined, reason: `how much CPU ${vm} uses was not measured` };
  }
  const cores = counted(host.cpus, 'core');
  const own = `${vm} uses ${plain(facts.cpuBusyCores)} of ${host.name}'s ${cores}`;
  const ownLimit = exactly(thresholds.vmShareOfHost * host.cpus);
  if (exactly(facts.cpuBusyCores) < ownLimit) {
    return { starved: false, reason: `${own}, less than ${plain(ownLimit)}` };
  }
  const busy = busyCores(snapshot, host);
  const limit = exactly(thresholds.hostBusyRatio * host.cpus);
  const all = `its VMs together use ${busy.atLeast ? 'at least ' : ''}${plain(busy.cores)}`;
  if (busy.cores >= limit) {
    return { starved: true, reason: `${own}, and ${all}, from ${plain(limit)} on it is busy` };
  }
  if (busy.atLeast) {
    return {
      starved: undefined,
      reason: `${own}, but whether ${host.name} is busy is unknown: not all of its VMs were measured`,
    };
  }
  return { starved: false, reason: `${own}, but ${all}, less than ${plain(limit)}` };
}

/** What the host's VMs use; `atLeast` where some of them were not measured. */
function busyCores(snapshot: Snapshot, host: PlannerHost): { cores: number; atLeast: boolean } {
  if (host.cpuBusyCores !== undefined) return { cores: exactly(host.cpuBusyCores), atLeast: false };
  const there = snapshot.vms.filter((vm) => vm.running && vm.host === host.name);
  return {
    cores: there.reduce((sum, vm) => sum + exactly(vm.cpuBusyCores ?? 0), 0),
    atLeast: there.some((vm) => vm.cpuBusyCores === undefined),
  };
}
