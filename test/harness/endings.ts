/** How operations end, as they say themselves, and whether that is so. */
import { failureMeanings } from '../../model/failures.ts';
import { OperationCanceled, OperationFailed, OperationTerminated } from '../../client/errors.ts';
import type { MaintainHostsResult } from '../../model/maintain-hosts.ts';
import type { MigrateVmResult } from '../../model/migrate-vm.ts';
import type { OperationName } from '../../model/operations.ts';
import type { SettleVmResult } from '../../model/settle-vm.ts';
import type { Copy } from '../../lab/simulated/copy.ts';
import type { SimulatedDatacenter } from '../../lab/simulated/datacenter.ts';
import type { SimulatedHost } from '../../lab/simulated/host.ts';

/** An operation's own word for its end; absent: it has not ended, or its end names nothing. */
export interface Ending {
  readonly workflow: OperationName;
  readonly workflowId: string;
  /** Of a maintenance: its first host. */
  readonly vm: string;
  /** `moved`, `settled`, `nothingToDo`, `canceled`, `terminated`, `failed: NeedsOperator`. */
  readonly ending?: string;
  readonly message: string;
  /** The host that the VM is on by then. */
  readonly to?: string;
  readonly restartedFromDisk: boolean;
}

/** The end that Temporal tells, in the operation's own word. */
export function endingOf(
  of: Pick<Ending, 'workflow' | 'workflowId' | 'vm'>,
  end: MigrateVmResult | SettleVmResult | MaintainHostsResult | Error,
): Ending {
  const told = { ...of, message: end.message, restartedFromDisk: /restarted from disk/.test(end.message) };
  if (!(end instanceof Error)) {
    if ('vms' in end) return { ...told, ending: end.outcome };
    const to = 'host' in end ? end.host : end.to;
    return { ...told, ending: end.outcome, ...(to ? { to } : {}) };
  }
  if (end instanceof OperationCanceled) return { ...told, ending: 'canceled' };
  if (end instanceof OperationTerminated) return { ...told, ending: 'terminated' };
  if (end instanceof OperationFailed && end.type !== undefined && end.type in failureMeanings)
    return { ...told, ending: `failed: ${end.type}` };
  return told;
}

/** Faults after which a VM may well be elsewhere, or nowhere, a moment after an operation has ended. */
const harming = ['Crashed', 'Crashes', 'personActs', 'storageLost', 'answeredWrong'];
/** Faults by which a host says what is not so: whoever believes it is not to blame. */
export const lying: readonly string[] = ['answeredWrong'];

/**
 * What an ending claims and the world denies, in a sentence; judged at the moment of the ending.
 * @param struck names of the faults that have struck by then
 * @param isAlone no other operation acts on the VM, which might have moved it on since; default true
 */
export function falseClaim(
  { workflow, ending, vm, to }: Ending,
  datacenter: SimulatedDatacenter,
  struck: readonly string[],
  isAlone = true,
): string | undefined {
  const copies = copiesOf(datacenter, vm);
  const where = placesInWords(copies);
  const alive = aliveIn(copies).length;
  const isThere = isAlone ? isAliveOnlyOn(copies, to) : hasBeenOn(datacenter, vm, to);
  switch (ending) {
    case 'failed: UnknownVm':
      return copies.length > 0 && !struckOne(struck, lying)
        ? `it says that no host has ${vm}; it is ${where}`
        : undefined;
    case 'nothingToDo':
      if (workflow === 'settleVm')
        return copies.length > 0 && !isThere && !struckOne(struck, harming)
          ? `it says that ${vm} is on ${to}; it is ${where}`
          : undefined;
      return copies.some((copy) => isStarved(datacenter, copy)) && !struckOne(struck, lying)
        ? `it says that there is nothing to do; ${vm} is starved, ${where}`
        : undefined;
    case 'moved':
    case 'settled':
      return !struckOne(struck, harming) && !isThere
        ? `it says that ${vm} ${ending === 'moved' ? 'moved to' : 'is on'} ${to}; it is ${where || 'nowhere'}`
        : undefined;
    case 'canceled':
    case 'failed: MigrationAborted':
      // Another operation may be switching it over right now.
      return !struckOne(struck, harming) && (isAlone ? alive !== 1 : alive === 0)
        ? `it says that ${vm} stayed; it is ${where || 'nowhere'}`
        : undefined;
    default:
      return undefined;
  }
}

/** A call for a person where there is nothing to look at, in a sentence; judged when all has come to rest. */
export function falseAlarm(
  { ending, vm }: Ending,
  datacenter: SimulatedDatacenter,
  struck: readonly string[],
): string | undefined {
  if (ending !== 'failed: NeedsOperator' || struckOne(struck, harming)) return undefined;
  const copies = copiesOf(datacenter, vm);
  const [only] = copies;
  const isWell =
    copies.length === 1 && only?.copy.state === 'running' && !only.copy.job && !only.copy.isIncoming;
  return isWell
    ? `it says that ${vm} needs a person; it is ${placesInWords(copies)}, and nothing else is left of it`
    : undefined;
}

interface PlacedCopy {
  readonly host: SimulatedHost;
  readonly copy: Copy;
}

function copiesOf({ hosts }: SimulatedDatacenter, vm: string): PlacedCopy[] {
  return [...hosts.values()].flatMap((host) =>
    [...host.copies.values()].filter((copy) => copy.vm === vm && copy.shape).map((copy) => ({ host, copy })),
  );
}

function aliveIn(copies: readonly PlacedCopy[]): PlacedCopy[] {
  return copies.filter(({ copy }) => copy.live && !copy.isIncoming);
}

function isAliveOnlyOn(copies: readonly PlacedCopy[], name: string | undefined): boolean {
  const alive = aliveIn(copies);
  return alive.length === 1 && alive[0]?.host.name === name;
}

function hasBeenOn({ journal }: SimulatedDatacenter, vm: string, name: string | undefined): boolean {
  return journal.entries.some(
    (entry) =>
      entry.kind === 'copy' &&
      entry.copy.vm === vm &&
      entry.copy.host === name &&
      entry.copy.job !== 'in' &&
      ['running', 'paused'].includes(entry.copy.state),
  );
}

/** By no threshold there is would it not be: it alone wants all the CPU that its host has, and more. */
function isStarved(datacenter: SimulatedDatacenter, { host, copy }: PlacedCopy): boolean {
  const wanted = Math.min(datacenter.traitsOf(copy.uuid).loadCores, copy.shape?.vcpus ?? 1);
  return host.state === 'up' && copy.state === 'running' && wanted > host.spec.cpus;
}

/** Whether a fault with one of these words in its name has struck. */
export function struckOne(struck: readonly string[], parts: readonly string[]): boolean {
  return struck.some((name) => parts.some((part) => name.includes(part)));
}

function placesInWords(copies: readonly PlacedCopy[]): string {
  return copies.map(({ host, copy }) => `${copy.state} (${copy.reason}) on ${host.name}`).join(', ');
}
