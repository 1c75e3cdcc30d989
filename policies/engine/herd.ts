/**
 * The working copy of a snapshot on which every planner tries its moves: hosts with what is used of them, VMs with
 * what they want, kept up to date by each move. The snapshot itself is never changed.
 */
import type {
  PlannerHost,
  PlannerReservation,
  PlannerRule,
  PlannerVm,
  Snapshot,
} from '../../model/placement.ts';
import { type CpuDemand, demandsOf } from './demand.ts';
import { listingsOf } from './listings.ts';
import type { HerdRule } from './rules.ts';
import { type Room, noRoom, room } from './room.ts';
import { type EngineSettings, defaultEngineSettings } from './settings.ts';
import { compareNames } from './wording.ts';

/** A host of the herd. */
export interface HerdHost {
  readonly facts: PlannerHost;
  readonly name: string;
  /** All that may be given to VMs: memory and vCPUs with overcommit, CPU time without. */
  readonly capacity: Room;
  /** What its VMs and the reservations on it use. */
  readonly used: Room;
  readonly vms: ReadonlySet<HerdVm>;
  /** What is held here for operations under way, by the name of the VM. */
  readonly reserved: ReadonlyMap<string, Room>;
  /** Absent: unknown. */
  readonly networks: ReadonlySet<string> | undefined;
  /** Absent: unknown. */
  readonly storage: ReadonlySet<string> | undefined;
}

/** A VM of the herd. */
export interface HerdVm {
  readonly facts: PlannerVm;
  readonly name: string;
  /** What it takes of a host. */
  readonly room: Room;
  readonly demand: CpuDemand;
  /** The host that it is on in this working copy; undefined: on none. */
  readonly home: HerdHost | undefined;
  /** The cluster that it must stay in; undefined: none is known. */
  readonly cluster: string | undefined;
  readonly avoid: ReadonlySet<string>;
  /** The VMs that must not share its host, whichever of the two named the other. */
  readonly apartFrom: readonly Apart[];
  /** The rules of the settings that are about it. */
  readonly rules: readonly HerdRule[];
}

/** A VM that must not share another's host; `vm` is absent where the snapshot has none of that name. */
export interface Apart {
  readonly name: string;
  readonly vm: HerdVm | undefined;
}

const noNames: ReadonlySet<string> = new Set();
const noHosts: readonly HerdHost[] = [];

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

interface WorkingHost extends HerdHost {
  readonly used: Writable<Room>;
  readonly vms: Set<HerdVm>;
  readonly reserved: Map<string, Room>;
}

interface WorkingVm extends HerdVm {
  home: HerdHost | undefined;
  apartFrom: readonly Apart[];
  readonly rules: HerdRule[];
}

/**
 * An indexed working copy of a snapshot. Building it takes time in proportion to hosts, VMs and reservations; a
 * move takes the same time whatever their number.
 * @throws Error where two hosts of the snapshot have one name: a bug of the caller
 */
export class Herd {
  readonly settings: EngineSettings;
  readonly hosts: readonly HerdHost[];
  readonly vms: readonly HerdVm[];
  readonly #hosts: ReadonlyMap<string, WorkingHost>;
  readonly #vms: ReadonlyMap<string, WorkingVm>;
  readonly #reservedOn = new Map<string, readonly HerdHost[]>();

  constructor(snapshot: Snapshot, settings: EngineSettings = defaultEngineSettings) {
    this.settings = settings;
    this.#hosts = byName(snapshot.hosts, 'host', (facts) => workingHost(facts, settings));
    const demands = demandsOf(snapshot, settings);
    const { vms, copies } = listingsOf(snapshot.vms);
    this.#vms = byName(vms, 'VM', (facts) => workingVm(facts, demands.of(facts), this.#hosts));
    this.hosts = [...this.#hosts.values()];
    this.vms = [...this.#vms.values()];
    keepApart(this.#vms);
    bindRules(snapshot.rules ?? [], this.#vms);
    this.#hold([...snapshot.reservations, ...copies]);
    for (const host of this.#hosts.values()) host.used.cpuCores += demands.unaccounted(host.facts);
    for (const vm of this.#vms.values()) {
      const home = vm.facts.running ? this.findHost(vm.facts.host) : undefined;
      if (home) this.place(vm, home);
    }
  }

  /** The host of this name, or undefined. */
  findHost(name: string | undefined): HerdHost | undefined {
    return name === undefined ? undefined : this.#hosts.get(name);
  }

  /** The VM of this name, or undefined. */
  findVm(name: string): HerdVm | undefined {
    return this.#vms.get(name);
  }

  /** @throws Error for a VM that the snapshot does not have: a bug of the caller */
  vm(name: string): HerdVm {
    const vm = this.#vms.get(name);
    if (!vm) throw new Error(`the snapshot has no VM ${name}`);
    return vm;
  }

  /**
   * Puts a VM on a host of this herd, from wherever it is; whether it fits is not looked at. Room that was
   * reserved for it there is used up by it and not counted besides.
   */
  place(vm: HerdVm, host: HerdHost): void {
    if (vm.home === host) return;
    this.remove(vm);
    const target = host as WorkingHost;
    add(target.used, target.reserved.get(vm.name) ?? noRoom, -1);
    add(target.used, vm.room, 1);
    target.vms.add(vm);
    (vm as WorkingVm).home = target;
  }

  /** Takes a VM off its host; one that is on none stays so. */
  remove(vm: HerdVm): void {
    const source = vm.home as WorkingHost | undefined;
    if (!source) return;
    add(source.used, vm.room, -1);
    add(source.used, source.reserved.get(vm.name) ?? noRoom, 1);
    source.vms.delete(vm);
    (vm as WorkingVm).home = undefined;
  }

  /** The hosts that hold room for the VM, for operations under way. */
  readonly reservedOn = (vm: HerdVm): readonly HerdHost[] => this.#reservedOn.get(vm.name) ?? noHosts;

  #hold(reservations: readonly PlannerReservation[]): void {
    for (const { host: hostName, vm, memoryMiB, cpuCores } of reservations) {
      const host = this.#hosts.get(hostName);
      if (!host) continue;
      // A VM needs its room once, however many operations hold some for it.
      const before = host.reserved.get(vm) ?? noRoom;
      const held = room(
        Math.max(before.memoryMiB, memoryMiB),
        Math.max(before.vcpus, this.#vms.get(vm)?.room.vcpus ?? cpuCores),
        Math.max(before.cpuCores, cpuCores),
      );
      add(host.used, before, -1);
      add(host.used, held, 1);
      host.reserved.set(vm, held);
      const known = this.#reservedOn.get(vm) ?? [];
      if (!known.includes(host)) this.#reservedOn.set(vm, [...known, host]);
    }
  }
}

/** What of a host's used room is the VM's own, because it is there or room is reserved for it: no VM counts twice. */
export function ownRoom(vm: HerdVm, host: HerdHost): Room {
  return vm.home === host ? vm.room : (host.reserved.get(vm.name) ?? noRoom);
}

function byName<Facts extends { readonly name: string }, Working>(
  all: readonly Facts[],
  kind: string,
  make: (facts: Facts) => Working,
): ReadonlyMap<string, Working> {
  const found = new Map<string, Working>();
  for (const facts of all) {
    if (found.has(facts.name)) throw new Error(`the snapshot has two ${kind}s ${facts.name}`);
    found.set(facts.name, make(facts));
  }
  return found;
}

function workingHost(facts: PlannerHost, settings: EngineSettings): WorkingHost {
  return {
    facts,
    name: facts.name,
    capacity: room(
      facts.memoryMiB * settings.memoryOvercommit,
      facts.cpus * settings.cpuOvercommit,
      facts.cpus,
    ),
    used: { ...noRoom },
    vms: new Set(),
    reserved: new Map(),
    networks: facts.networks && new Set(facts.networks),
    storage: facts.storage && new Set(facts.storage),
  };
}

function workingVm(facts: PlannerVm, demand: CpuDemand, hosts: ReadonlyMap<string, WorkingHost>): WorkingVm {
  return {
    facts,
    name: facts.name,
    room: room(facts.memoryMiB, facts.vcpus, demand.cores),
    demand,
    home: undefined,
    cluster: facts.cluster ?? hosts.get(facts.host ?? '')?.facts.cluster,
    avoid: facts.avoid === undefined || facts.avoid.length === 0 ? noNames : new Set(facts.avoid),
    apartFrom: [],
    rules: [],
  };
}

function bindRules(rules: readonly PlannerRule[], vms: ReadonlyMap<string, WorkingVm>): void {
  for (const facts of rules) {
    const members = [...new Set(facts.vms)].flatMap((name) => vms.get(name) ?? []);
    const rule: HerdRule = { facts, hosts: new Set(facts.hosts), members };
    for (const vm of members) vm.rules.push(rule);
  }
}

/** Keeps two VMs apart from each other if either of them says so. */
function keepApart(vms: ReadonlyMap<string, WorkingVm>): void {
  const names = new Map<string, Set<string>>();
  const note = (vm: string, other: string): void => {
    const others = names.get(vm) ?? new Set();
    names.set(vm, others.add(other));
  };
  for (const vm of vms.values()) {
    for (const other of vm.facts.apartFrom ?? []) {
      if (other === vm.name) continue;
      note(vm.name, other);
      note(other, vm.name);
    }
  }
  for (const [name, others] of names) {
    const vm = vms.get(name);
    if (vm)
      vm.apartFrom = [...others].toSorted(compareNames).map((other) => ({ name: other, vm: vms.get(other) }));
  }
}

function add(used: Writable<Room>, change: Room, sign: 1 | -1): void {
  used.memoryMiB += sign * change.memoryMiB;
  used.vcpus += sign * change.vcpus;
  used.cpuCores += sign * change.cpuCores;
}
