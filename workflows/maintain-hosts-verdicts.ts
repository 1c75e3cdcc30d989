/** What a plan means for a maintenance, in words: what stands in its way, what is worth knowing, how it has ended. */
import type { Coverage } from '../model/coverage.ts';
import type { MaintainHostsInput, MaintainHostsResult, VmVerdict } from '../model/maintain-hosts.ts';
import { fewNames } from '../model/names.ts';
import type { Ledger } from './maintain-hosts-ledger.ts';
import type { Plan } from './maintain-hosts-plan.ts';

/** Why a VM does not move, by its name. */
export function obstaclesOf({
  blocked,
  unplaced,
}: Pick<Plan, 'blocked' | 'unplaced'>): ReadonlyMap<string, string> {
  return new Map([
    ...unplaced.map(({ vm, reason }) => [vm, reason] as const),
    ...blocked.map(({ vm, findings }) => [vm, findings.map(({ message }) => message).join('; ')] as const),
  ]);
}

/** Why it is refused as a whole, before anything moves; undefined: it is not. */
export function refusalOf(found: Plan, { partial }: MaintainHostsInput): string | undefined {
  const obstacles = partial ? [] : [...obstaclesOf(found)].map(([vm, reason]) => `${vm}: ${reason}`);
  const silent =
    partial || found.silentHosts.length === 0
      ? []
      : [`${fewNames(found.silentHosts)} does not answer: what is on it is unknown`];
  const short = found.coverage.filter((one) => one.refuses && isLess(one)).map(shortText);
  const all = [...obstacles, ...silent, ...short];
  if (all.length === 0) return undefined;
  const told = all.slice(0, mostTold);
  const more = all.length - told.length;
  const hint = obstacles.length + silent.length > 0 ? ' Mend that, or ask for what can move (partial).' : '';
  return `${told.join('. ')}${more > 0 ? `. And ${more} more` : ''}.${hint}`;
}

const mostTold = 20;

function vmsText(count: number): string {
  return count === 1 ? '1 VM' : `${count} VMs`;
}

export function warningsOf({ coverage, silentHosts }: Plan): string[] {
  return [
    ...coverage.filter((one) => !one.refuses && isLess(one)).map(shortText),
    ...(silentHosts.length === 0
      ? []
      : [`${fewNames(silentHosts)}: no answer, so what is on it is unknown; it is looked at again`]),
  ];
}

/** Less room for failures than before, and than is wanted. */
function isLess({ before, after }: { readonly before: Coverage; readonly after: Coverage }): boolean {
  return after.covered < after.wanted && after.covered <= before.covered;
}

function shortText({ before, after }: { readonly before: Coverage; readonly after: Coverage }): string {
  const { cluster, wanted, covered, worst } = after;
  const what = worst
    ? `: when ${worst.hosts.join(' and ')} fails, ${worst.vms.length} VMs of ${worst.memoryMiB} MiB in all have no place`
    : '';
  return (
    `cluster ${cluster} would have room for ${covered} failed hosts of ${wanted} that are wanted ` +
    `(${before.covered} now)${what}`
  );
}

export function endMessage(
  outcome: MaintainHostsResult['outcome'],
  hosts: readonly string[],
  ledger: Ledger,
): string {
  const count = (...verdicts: readonly VmVerdict[]): number => ledger.with(...verdicts).length;
  const names = fewNames(hosts);
  const moved = count('moved', 'movedBack', 'stays', 'movingBack');
  const left = count('waiting', 'blocked', 'failed');
  if (outcome === 'planned')
    return `${names} would be emptied: ${vmsText(count('waiting'))}, and each has a place`;
  const back = count('movedBack');
  const stay = ledger.with('stays');
  return [
    `${names}: ${outcome === 'finished' ? 'emptied, and open again' : 'open again, since it was canceled'}`,
    `${vmsText(moved)} moved`,
    ...(left > 0 ? [`${vmsText(left)} left there`] : []),
    ...(back > 0 ? [`${vmsText(back)} back where ${back === 1 ? 'it was' : 'they were'}`] : []),
    ...(stay.length > 0
      ? [`${vmsText(stay.length)} not taken back (${fewNames(stay.map(({ vm }) => vm))})`]
      : []),
  ].join('; ');
}
