/** How many failed hosts a cluster has room for. Plain types, as a plan's are. */
export interface Coverage {
  readonly cluster: string;
  /** By the settings: `availability.hostFailuresToTolerate`. */
  readonly wanted: number;
  /** Any so many hosts of it may fail, and all their VMs have a place on the others; counted up to `wanted`. */
  readonly covered: number;
  /** What one failure more would leave without a place, at its worst; absent where `covered` is what is wanted. */
  readonly worst?: WorstFailure;
}

export interface WorstFailure {
  readonly hosts: readonly string[];
  /** VMs that fit nowhere then, the largest first. */
  readonly vms: readonly { readonly vm: string; readonly memoryMiB: number }[];
  readonly memoryMiB: number;
}
