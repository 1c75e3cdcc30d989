/** Which operation acts on a VM, as the workers say. */
import type { Drover } from '../drover.ts';
import { WorkersSilent } from '../errors.ts';

/** How long the workers may take to say who acts on a VM, before the alert's operation is started without that. */
const answersWithinMs = 2000;
/** How long workers that were silent are not asked again: a storm of alerts must not wait for each. */
const silentForMs = 10_000;

/** The id of the operation that acts on a VM; undefined where there is none, or where no worker can say. */
export type HolderOf = (drover: Drover, vm: string) => Promise<string | undefined>;

/**
 * Asks the workers. While none can say, no operation is joined: the start is durable, and the operation looks again
 * when there is a worker.
 */
export function askHolders(): HolderOf {
  let silentUntilMs = -Infinity;
  return async (drover, vm) => {
    if (performance.now() < silentUntilMs) return undefined;
    try {
      return (await drover.holderOf(vm, { timeoutMs: answersWithinMs }))?.workflowId;
    } catch (error) {
      if (!(error instanceof WorkersSilent)) throw error;
      silentUntilMs = performance.now() + silentForMs;
      return undefined;
    }
  };
}
