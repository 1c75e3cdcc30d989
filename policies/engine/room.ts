/** Room on a host: what it has, what is used, what a VM takes. */

/** Amounts of the three things that a VM takes of its host. */
export interface Room {
  readonly memoryMiB: number;
  /** vCPUs: how much could run at once. */
  readonly vcpus: number;
  /** Cores of CPU time that are, or would be, used. */
  readonly cpuCores: number;
}

export const noRoom: Room = { memoryMiB: 0, vcpus: 0, cpuCores: 0 };

/**
 * The amount to the nearest 2^-20. Sums of such numbers are exact in a double up to 2^32, so that a sum does not
 * depend on its order, and adding and taking away again leaves what was before.
 */
export function exactly(amount: number): number {
  return Math.round(amount * 1_048_576) / 1_048_576;
}

/** A room of exact amounts. */
export function room(memoryMiB: number, vcpus: number, cpuCores: number): Room {
  return { memoryMiB: exactly(memoryMiB), vcpus: exactly(vcpus), cpuCores: exactly(cpuCores) };
}
