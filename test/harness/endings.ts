/** How operations end, as they say themselves, and whether that is so. */
import { failureMeanings } from '../../model/failures.ts';
import { OperationCanceled, OperationFailed } from '../../client/errors.ts';
import type { MigrateVmResult } from '../../model/migrate-vm.ts';
import type { SimulatedDatacenter } from '../../lab/simulated/datacenter.ts';

/** An operation's own word for its end; absent: it has not ended, or its end names nothing. */
export interface Ending {
  readonly workflowId: string;
  readonly vm: string;
  /** `moved`, `nothingToDo`, `canceled`, `failed: NeedsOperator`. */
  readonly ending?: string;
  readonly message: string;
  readonly to?: string;
  readonly restartedFromDisk: boolean;
}

/** The end that Temporal tells, in the operation's own word. */
export function endingOf(workflowId: string, vm: string, end: MigrateVmResult | Error): Ending {
  const told = { workflowId, vm, message: end.message };
  const restartedFromDisk = /restarted from disk/.test(end.message);
  if (!(end instanceof Error)) {
    return { ...told, ending: end.outcome, restartedFromDisk, ...(end.to ? { to: end.to } : {}) };
  }
  if (end instanceof OperationCanceled) return { ...told, ending: 'canceled', restartedFromDisk };
  if (end instanceof OperationFailed && end.type !== undefined && end.type in failureMeanings)
    return { ...told, ending: `failed: ${end.type}`, restartedFromDisk };
  return { ...told, restartedFromDisk };
}

/** What an ending claims and the world denies, in a sentence; judged at the moment of the ending. */
export function falseClaim({ ending, vm, to }: Ending, datacenter: SimulatedDatacenter): string | undefined {
  const copies = [...datacenter.hosts.values()].flatMap((host) =>
    [...host.copies.values()].filter((copy) => copy.vm === vm).map((copy) => ({ host: host.name, copy })),
  );
  const live = copies.filter(({ copy }) => copy.live && !copy.isIncoming);
  const where = copies.map(({ host, copy }) => `${copy.state} (${copy.reason}) on ${host}`).join(', ');
  if (ending === 'moved' && !(live.length === 1 && live[0]?.host === to))
    return `it says that ${vm} moved to ${to}; it is ${where || 'nowhere'}`;
  const stays = ending === 'canceled' || ending === 'failed: MigrationAborted';
  if (stays && live.length !== 1) return `it says that ${vm} stayed; it is ${where || 'nowhere'}`;
  return undefined;
}
