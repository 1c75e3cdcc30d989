/** What a plan promises for every herd: it can be carried out as it stands, and it is found where there is one. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PlannedMove } from '../../model/evacuation.ts';
import type { PlannerHost, PlannerRule, PlannerVm, Snapshot } from '../../model/placement.ts';
import { fits } from '../engine/filters.ts';
import { Herd, type HerdHost, type HerdVm } from '../engine/herd.ts';
import { planEvacuation, type EvacuationQuestion } from './planner.ts';

const hosts = ['host1', 'host2', 'host3', 'host4'];
const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

const aHost = (name: string): fc.Arbitrary<PlannerHost> =>
  fc.record({
    name: fc.constant(name),
    cluster: fc.constant('berlin'),
    datacenter: fc.constant('berlin'),
    state: fc.oneof(
      { weight: 8, arbitrary: fc.constant('active' as const) },
      fc.constant('maintenance' as const),
    ),
    cpus: fc.integer({ min: 1, max: 8 }),
    memoryMiB: fc.integer({ min: 1, max: 8 }).map((gib) => gib * 1024),
    failureDomains: fc.constantFrom({}, { rack: 'a' }, { rack: 'b' }),
  });
const aVm = (name: string): fc.Arbitrary<PlannerVm> =>
  fc.record({
    name: fc.constant(name),
    host: fc.constantFrom(...hosts),
    running: fc.constant(true),
    vcpus: fc.integer({ min: 1, max: 3 }),
    memoryMiB: fc.integer({ min: 1, max: 4 }).map((gib) => gib * 1024),
    cpuBusyCores: fc.double({ min: 0, max: 2, noNaN: true }),
    networks: fc.constant([]),
    storage: fc.constant([]),
    apartFrom: fc.oneof(
      { weight: 4, arbitrary: fc.constant<string[]>([]) },
      fc.subarray(names, { maxLength: 1 }),
    ),
  });
const aRule: fc.Arbitrary<PlannerRule> = fc.record({
  name: fc.constantFrom('r1', 'r2'),
  kind: fc.constantFrom('apart', 'together', 'on', 'avoid'),
  strength: fc.constantFrom('must', 'should'),
  vms: fc.subarray(names, { minLength: 2, maxLength: 3 }),
  hosts: fc.subarray(hosts, { minLength: 1 }),
  by: fc.constant('rack'),
});

interface Case {
  readonly snapshot: Snapshot;
  readonly question: EvacuationQuestion;
}

const aCase: fc.Arbitrary<Case> = fc
  .record({
    hosts: fc.tuple(...hosts.map(aHost)),
    vms: fc.tuple(...names.map(aVm)),
    rules: fc.array(aRule, { maxLength: 2 }),
    closed: fc.subarray(hosts, { minLength: 1, maxLength: 2 }),
    fixed: fc.subarray(names, { maxLength: 2 }),
    tried: fc.dictionary(fc.constantFrom(...names), fc.subarray(hosts, { maxLength: 2 })),
  })
  .map(({ closed, fixed, tried, ...herd }) => ({
    snapshot: { ...herd, reservations: [] },
    question: {
      vms: herd.vms.filter(({ host }) => closed.includes(host ?? '')).map(({ name }) => name),
      closed,
      fixed,
      tried,
    },
  }));

function closedHerd({ snapshot, question }: Case): Herd {
  return new Herd({
    ...snapshot,
    hosts: snapshot.hosts.map((host) =>
      question.closed.includes(host.name) ? { ...host, state: 'maintenance' as const } : host,
    ),
  });
}

/** Carries the moves out in their order, a unit at once. @returns those that did not fit when their turn came */
function carriedOut(herd: Herd, moves: readonly PlannedMove[]): string[] {
  const done = new Set<string>();
  const wrong: string[] = [];
  for (const move of moves) {
    if (done.has(move.vm)) continue;
    if (!move.after.every((vm) => done.has(vm))) wrong.push(`${move.vm} before ${String(move.after)}`);
    const unit = [move.vm, ...move.together].map((name) => herd.vm(name));
    for (const vm of unit) herd.remove(vm);
    for (const vm of unit) {
      const to = herd.findHost(move.to);
      if (!to || !fits(herd, vm, to)) wrong.push(`${vm.name} on ${move.to}`);
      if (to) herd.place(vm, to);
      done.add(vm.name);
    }
  }
  return wrong;
}

test('each move fits when its turn comes, and every VM is moved or told of', () => {
  fc.assert(
    fc.property(aCase, (one) => {
      const { vms, closed, fixed = [], tried = {} } = one.question;
      const { moves, unplaced } = planEvacuation(one.snapshot, one.question);
      expect(carriedOut(closedHerd(one), moves)).toEqual([]);
      expect(new Set([...moves, ...unplaced].map(({ vm }) => vm)).size).toBe(moves.length + unplaced.length);
      for (const vm of vms) expect([...moves, ...unplaced].some((told) => told.vm === vm)).toBe(true);
      for (const { vm, from, to, makesRoomFor } of moves) {
        expect(closed).not.toContain(to);
        expect(tried[vm] ?? []).not.toContain(to);
        expect(to).not.toBe(from);
        expect(vms.includes(vm)).toBe(makesRoomFor === undefined);
        expect(makesRoomFor !== undefined && fixed.includes(vm)).toBe(false);
      }
    }),
    { numRuns: 3000 },
  );
});

test('a plan that moves nothing else is found wherever there is one', () => {
  fc.assert(
    fc.property(aCase, (one) => {
      const plan = planEvacuation(one.snapshot, one.question);
      const isWhole = plan.unplaced.length === 0 && plan.moves.every(({ makesRoomFor }) => !makesRoomFor);
      expect(isWhole).toBe(existsPlan(one));
    }),
    { numRuns: 2000 },
  );
});

test('the order in which hosts, VMs and rules are listed changes nothing', () => {
  fc.assert(
    fc.property(aCase, ({ snapshot, question }) => {
      const turned = {
        hosts: snapshot.hosts.toReversed(),
        vms: snapshot.vms.toReversed(),
        reservations: [],
        rules: (snapshot.rules ?? []).toReversed(),
      };
      const again = { ...question, vms: question.vms.toReversed(), closed: question.closed.toReversed() };
      const whole = planEvacuation(snapshot, question);
      expect(planEvacuation(turned, again).moves).toEqual(whole.moves);
    }),
    { numRuns: 500 },
  );
});

/** Tries every host for every VM. */
function existsPlan(one: Case): boolean {
  const herd = closedHerd(one);
  const leaving = one.question.vms.map((name) => herd.vm(name)).filter(({ home }) => home);
  const tried = one.question.tried ?? {};
  const froms = new Map(leaving.map((vm) => [vm, vm.home]));
  for (const vm of leaving) herd.remove(vm);
  const mayUse = (vm: HerdVm, host: HerdHost): boolean =>
    froms.get(vm) !== host && !(tried[vm.name] ?? []).includes(host.name);
  const place = (at: number): boolean => {
    const vm = leaving[at];
    if (!vm) return true;
    return herd.hosts.some((host) => {
      if (!mayUse(vm, host) || !fits(herd, vm, host)) return false;
      herd.place(vm, host);
      if (place(at + 1)) return true;
      herd.remove(vm);
      return false;
    });
  };
  return place(0);
}
