/** Plans that move many VMs at once. Plain types: they go through histories, and no person types them. */

/** One move of a plan. */
export interface PlannedMove {
  readonly vm: string;
  readonly from: string;
  readonly to: string;
  readonly memoryMiB: number;
  /** VMs whose moves must have ended first: they leave the room that this one needs. */
  readonly after: readonly string[];
  /** VMs that the rules keep on one host with this one, which move there too. */
  readonly together: readonly string[];
  /** Not asked for: it makes room for these VMs. Absent: it was asked for. */
  readonly makesRoomFor?: readonly string[];
}

/** A VM for which the plan has no host. */
export interface Unplaced {
  readonly vm: string;
  readonly from: string;
  /** One sentence: what stands against it on how many hosts, and by how much the nearest one is short. */
  readonly reason: string;
}

export interface EvacuationPlan {
  /** In an order in which they may begin; those with an `after` wait for it. */
  readonly moves: readonly PlannedMove[];
  readonly unplaced: readonly Unplaced[];
}
