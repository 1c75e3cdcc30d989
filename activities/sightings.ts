/** Where each VM of a datacenter is, from one look at its hosts: what a survey tells the records. */
import type { VmState } from '../model/inventory.ts';
import { isActionableVmName } from '../model/names.ts';
import type { Survey } from './survey.ts';

export interface Sighting {
  readonly vm: string;
  readonly uuid: string;
  readonly host: string;
  readonly state: VmState;
  readonly stateReason: string;
}

export interface Sightings {
  readonly seen: readonly Sighting[];
  /** VMs of which nothing can be told: they run twice, share a name, or have one that is never acted on. */
  readonly skipped: number;
}

/** How much a copy says of where the VM is; 0: nothing, since it is just being filled, or nobody knows. */
const weight: Readonly<Record<VmState, number>> = {
  running: 3,
  suspendedToRam: 3,
  paused: 2,
  shuttingDown: 2,
  off: 1,
  crashed: 1,
  migratingIn: 0,
  unknown: 0,
};

export function sightingsOf({ answered }: Survey): Sightings {
  const copies = answered.flatMap(({ host, report }) =>
    report.vms.map(({ name, uuid, state, stateReason }) => ({
      vm: name,
      uuid,
      host: host.address.name,
      state,
      stateReason,
    })),
  );
  const named = Map.groupBy(copies, ({ vm }) => vm);
  const seen: Sighting[] = [];
  let skipped = 0;
  for (const [name, all] of named) {
    const uuids = new Set(all.map(({ uuid }) => uuid));
    const best = isActionableVmName(name) && uuids.size === 1 ? tellingOf(all) : undefined;
    if (best) seen.push(best);
    else skipped += uuids.size;
  }
  return { seen, skipped };
}

/** The copy that says where the VM is; undefined where none does, or two that run contradict each other. */
function tellingOf(copies: readonly Sighting[]): Sighting | undefined {
  const [best, next] = copies.toSorted((a, b) => weight[b.state] - weight[a.state]);
  if (!best || weight[best.state] === 0) return undefined;
  return next && weight[next.state] === weight[best.state] ? undefined : best;
}
