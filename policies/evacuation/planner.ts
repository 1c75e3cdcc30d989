/**
 * Where all VMs of some hosts go: a plan of moves that keeps every rule and every host's room at each of its steps, or
 * which VMs have no place, and by how much what is short.
 */
import type { EvacuationPlan } from '../../model/evacuation.ts';
import type { Snapshot } from '../../model/placement.ts';
import { Herd, type HerdHost, type HerdVm } from '../engine/herd.ts';
import { compareNames } from '../engine/wording.ts';
import { balance, loadOf } from './balance.ts';
import { makeRoom } from './make-room.ts';
import { inOrder } from './order.ts';
import { follow, placedOf, waysToPlace, type Search } from './search.ts';
import { defaultEvacuationSettings, type EvacuationSettings } from './settings.ts';
import { homeOf, removeUnit, unitsOf, type MayUse, type Unit } from './units.ts';
import { whyUnplaced } from './why-unplaced.ts';

export interface EvacuationQuestion {
  /** VMs that are to leave their hosts; those that are on no host of the snapshot are left out. */
  readonly vms: readonly string[];
  /** Hosts that take none: those that are emptied. */
  readonly closed: readonly string[];
  /** Hosts where a VM is not tried again, by the VM's name. */
  readonly tried?: Readonly<Record<string, readonly string[]>>;
  /** The one host that a VM may go to, by the VM's name: back to where it was. Absent: any. */
  readonly only?: Readonly<Record<string, string>>;
  /** VMs that stay where they are, though their move would make room; `all`: no other VM is moved. */
  readonly fixed?: readonly string[] | 'all';
  readonly settings?: EvacuationSettings;
}

/** Pure, and the same for the same question whatever the order of what is listed in it. */
export function planEvacuation(snapshot: Snapshot, question: EvacuationQuestion): EvacuationPlan {
  const settings = question.settings ?? defaultEvacuationSettings;
  const herd = herdOf(snapshot, question.closed, settings);
  const froms = new Map<HerdVm, HerdHost>();
  for (const name of question.vms) {
    const vm = herd.findVm(name);
    if (vm?.home) froms.set(vm, vm.home);
  }
  const search: Search = {
    herd,
    open: herd.hosts
      .filter(({ facts }) => facts.state === 'active')
      .toSorted((a, b) => compareNames(a.name, b.name)),
    mayUse: usable(froms, question),
    weights: settings.weights,
    mostTries: settings.mostTries,
  };
  const units = unitsOf([...froms.keys()]);
  for (const vm of froms.keys()) herd.remove(vm);
  placeBest(search, units, settings.mostSwaps);
  const left = units.filter((unit) => !homeOf(unit));
  const displaced = makeAllRoom(search, left, froms, question.fixed ?? []);
  const { moves, stuck } = inOrder(herdOf(snapshot, question.closed, settings), {
    makers: [...displaced].flatMap(([vm, { from, rooms }]) =>
      vm.home && vm.home !== from
        ? [{ names: [vm.name], to: vm.home.name, makesRoomFor: rooms.flatMap(namesOf) }]
        : [],
    ),
    asked: units.flatMap((unit) => {
      const to = homeOf(unit);
      return to ? [{ names: namesOf(unit), to: to.name }] : [];
    }),
  });
  return {
    moves,
    unplaced: [
      ...units.filter((unit) => !homeOf(unit)).flatMap((unit) => whyUnplaced(search, unit, froms)),
      ...stuck,
    ],
  };
}

/** Of several ways the one after which the busiest host is least busy. */
function placeBest(search: Search, units: readonly Unit[], mostSwaps: number): void {
  const { herd, open } = search;
  const ways = waysToPlace(search, units).map((way) => {
    follow(herd, way);
    balance(search, [...way.keys()], mostSwaps);
    const balanced = placedOf(way.keys());
    const busiest = Math.max(0, ...open.map(loadOf));
    for (const unit of units) removeUnit(herd, unit);
    return { balanced, busiest };
  });
  const [best] = ways.toSorted((a, b) => a.busiest - b.busiest);
  if (best) follow(herd, best.balanced);
}

/** The hosts that are emptied take no VMs. */
function herdOf(snapshot: Snapshot, names: readonly string[], settings: EvacuationSettings): Herd {
  const closed = new Set(names);
  const hosts = snapshot.hosts.map((host) =>
    closed.has(host.name) && host.state === 'active' ? { ...host, state: 'maintenance' as const } : host,
  );
  return new Herd({ ...snapshot, hosts }, settings);
}

interface MadeRoom {
  readonly from: HerdHost;
  readonly rooms: readonly Unit[];
}

/** @returns the VMs that go elsewhere for it, which nobody has asked for */
function makeAllRoom(
  search: Search,
  left: readonly Unit[],
  froms: ReadonlyMap<HerdVm, HerdHost>,
  fixed: readonly string[] | 'all',
): ReadonlyMap<HerdVm, MadeRoom> {
  const displaced = new Map<HerdVm, MadeRoom>();
  const stays = new Set(fixed === 'all' ? [] : fixed);
  const mayMove = (vm: HerdVm): boolean => fixed !== 'all' && vm.facts.running && !stays.has(vm.name);
  for (const unit of left) {
    // One that is moved anyway gets another target, and no further move.
    const made = makeRoom(search, unit, (vm) => froms.has(vm)) ?? makeRoom(search, unit, mayMove);
    for (const { vm, from } of made ?? []) {
      if (froms.has(vm)) continue;
      const known = displaced.get(vm);
      displaced.set(vm, { from: known?.from ?? from, rooms: [...(known?.rooms ?? []), unit] });
    }
  }
  return displaced;
}

/** A VM does not stay on, and does not come back to, a host where it was tried. */
function usable(
  froms: ReadonlyMap<HerdVm, HerdHost>,
  { tried = {}, only = {} }: Pick<EvacuationQuestion, 'tried' | 'only'>,
): MayUse {
  const refused = new Map(Object.entries(tried).map(([vm, names]) => [vm, new Set(names)]));
  const wanted = new Map(Object.entries(only));
  return (vm, host) =>
    froms.get(vm) !== host &&
    refused.get(vm.name)?.has(host.name) !== true &&
    (wanted.get(vm.name) ?? host.name) === host.name;
}

function namesOf({ vms }: Unit): string[] {
  return vms.map(({ name }) => name);
}
