/** What an operation was asked, in sentences: for its page, and for what is shown before it begins. */
import { fewNames } from './names.ts';
import type { MaintainHostsRequest } from './maintain-hosts.ts';
import type { MigrateVmRequest } from './migrate-vm-input.ts';
import type { SettleVmRequest } from './settle-vm.ts';

/** One sentence for each thing that is asked for, and nothing of what is so anyway. */
export const inputInWords = {
  migrateVm: moveInWords,
  settleVm: settleInWords,
  maintainHosts: maintenanceInWords,
} as const;

function moveInWords(input: MigrateVmRequest): string[] {
  const { vm, to, maxDowntimeMs, bandwidthMiBps, timeoutSeconds, rank = 'person' } = input;
  const where = to ?? 'the best host';
  return [
    input.dryRun
      ? `Check whether ${vm} can move to ${where}, and change nothing.`
      : `Move ${vm} to ${where}; it runs on meanwhile.`,
    ...(input.onlyIfStarved ? ['Only if it is short of CPU when that is looked at again.'] : []),
    ...(input.onlyFrom ? [`Only if it is on ${fewNames(input.onlyFrom)} by then.`] : []),
    ...(input.movesWith ? [`${fewNames(input.movesWith)} move there too.`] : []),
    ...(input.acceptWarnings === false ? ['Warnings stop it, as errors do.'] : []),
    ...(maxDowntimeMs === undefined ? [] : [`It may stand still for up to ${maxDowntimeMs} ms.`]),
    ...(bandwidthMiBps === undefined ? [] : [`Copy at most ${bandwidthMiBps} MiB/s.`]),
    ...(timeoutSeconds === undefined ? [] : [`Give the copy up after ${timeoutSeconds} s.`]),
    ...(input.wait ? ['Wait where another operation acts on the VM.'] : []),
    ...(rank === 'person' ? [] : [`It has the rank ${rank}.`]),
  ];
}

function settleInWords({ vm, runsOn }: SettleVmRequest): string[] {
  return runsOn === undefined
    ? [`Find out where ${vm} is, by what its hosts say, and end the doubt.`]
    : [`Take ${vm} to be on ${runsOn}, by a person's word, unless a host speaks against it.`];
}

function maintenanceInWords(input: MaintainHostsRequest): string[] {
  const { hosts, failureDomain, dryRun, partial, moveBack, caps = {} } = input;
  const which = hosts ? fewNames(hosts) : `all hosts of ${failureDomain?.kind} ${failureDomain?.name}`;
  const { perHostIn, perHostOut, perOperation } = caps;
  return [
    dryRun
      ? `Plan how ${which} would be emptied, and change nothing.`
      : `Empty ${which}, hold them closed until told to finish, and open them again.`,
    ...(partial ? ['Move what can move, and wait for the rest.'] : []),
    ...(moveBack ? ['Take the VMs back afterwards.'] : []),
    ...(perHostIn === undefined ? [] : [`At most ${perHostIn} moves to a host at a time.`]),
    ...(perHostOut === undefined ? [] : [`At most ${perHostOut} moves away from a host at a time.`]),
    ...(perOperation === undefined ? [] : [`At most ${perOperation} moves at a time.`]),
  ];
}
