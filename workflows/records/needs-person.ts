/** Whether an operation has left a VM to a person, without a doubt where it is: it runs nowhere, say. */
import type { PastOperation, VmRecord } from '../../model/vm-record.ts';

/** After these nobody has to look any more; refusals and the like say nothing of it. */
const wells: readonly string[] = ['moved', 'settled', 'nothingToDo'];

/** The operation that has ended so; undefined once another has ended well, or the VM was seen to run since. */
export function lastUnsettled({ operations, seen, lease }: VmRecord): PastOperation | undefined {
  const last = operations.find(({ outcome }) => outcome === 'NeedsOperator' || wells.includes(outcome));
  if (last?.outcome !== 'NeedsOperator' || lease?.state === 'inDoubt') return undefined;
  const runsSince = seen?.state === 'running' && Date.parse(seen.at) > Date.parse(last.endedAt);
  return runsSince ? undefined : last;
}
