/** Small herds that are full enough for a plan to be hard, the same for the same seed. */
import type { PlannerHost, PlannerVm, Snapshot } from '../model/placement.ts';
import type { EvacuationQuestion } from '../policies/evacuation/planner.ts';

export interface Case {
  readonly seed: number;
  readonly snapshot: Snapshot;
  readonly question: EvacuationQuestion;
}

export function* casesOf(count: number, firstSeed: number): Generator<Case> {
  for (let seed = firstSeed; seed < firstSeed + count; seed++) yield caseOf(seed);
}

/** 4 to 7 hosts of 16 GiB, one or two of which are emptied; the others are left with little more than is needed. */
function caseOf(seed: number): Case {
  const random = randomOf(seed);
  const whole = (least: number, most: number): number => least + Math.floor(random() * (most - least + 1));
  const count = whole(4, 7);
  const closed = count > 5 ? 2 : 1;
  const capacityGib = 16;
  const hosts = Array.from({ length: count }, (_, at) => host(`host${at + 1}`, capacityGib));
  const vms: PlannerVm[] = [];
  const add = (on: string, gib: number): void => {
    vms.push(vm(`vm${vms.length + 1}`, on, gib, random));
  };
  let freeGib = 0;
  for (let at = closed; at < count; at++) {
    let left = capacityGib;
    while (left > 0 && random() < 0.75) {
      const gib = Math.min(left, whole(1, 6));
      add(`host${at + 1}`, gib);
      left -= gib;
    }
    freeGib += left;
  }
  // What has to go fills most of what is free, or all of it, in pieces of other sizes.
  let due = random() < 0.5 ? freeGib : Math.floor(freeGib * (0.8 + random() * 0.2));
  while (due > 0) {
    const gib = Math.min(due, whole(1, 7));
    add(`host${whole(1, closed)}`, gib);
    due -= gib;
  }
  const emptied = hosts.slice(0, closed).map(({ name }) => name);
  return {
    seed,
    snapshot: { hosts, vms, reservations: [] },
    question: {
      vms: vms.filter((one) => emptied.includes(one.host ?? '')).map(({ name }) => name),
      closed: emptied,
    },
  };
}

function host(name: string, gib: number): PlannerHost {
  return {
    name,
    cluster: 'main',
    datacenter: 'main',
    state: 'active',
    cpus: 16,
    memoryMiB: gib * 1024,
    failureDomains: {},
  };
}

function vm(name: string, on: string, gib: number, random: () => number): PlannerVm {
  return {
    name,
    host: on,
    running: true,
    vcpus: 1,
    memoryMiB: gib * 1024,
    cpuBusyCores: Math.round(random() * 200) / 100,
    networks: [],
    storage: [],
  };
}

/** mulberry32: https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
