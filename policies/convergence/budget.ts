/** How long a copy may take when nobody has said it. */

const leastSeconds = 300;
/** The completionTimeoutPerGiB of KubeVirt. */
const secondsForEachGiB = 150;

/** The default of `timeoutSeconds`: 150 s for each GiB of the VM's memory, and 5 minutes at least. */
export function budgetSeconds(memoryMiB: number): number {
  return Math.max(leastSeconds, Math.ceil((secondsForEachGiB * memoryMiB) / 1024));
}
