import { describe, expect, test } from 'vitest';
import type { EvacuationPlan } from '../../model/evacuation.ts';
import type { PlannerHost, PlannerRule, PlannerVm, Snapshot } from '../../model/placement.ts';
import { planEvacuation, type EvacuationQuestion } from './planner.ts';

function host(name: string, facts: Partial<PlannerHost> = {}): PlannerHost {
  return {
    name,
    cluster: 'berlin',
    datacenter: 'berlin',
    state: 'active',
    cpus: 8,
    memoryMiB: 8192,
    failureDomains: {},
    ...facts,
  };
}

function vm(name: string, on: string, facts: Partial<PlannerVm> = {}): PlannerVm {
  return {
    name,
    host: on,
    running: true,
    vcpus: 1,
    memoryMiB: 1024,
    cpuBusyCores: 0.5,
    networks: [],
    storage: [],
    ...facts,
  };
}

function snapshot(
  hosts: readonly PlannerHost[],
  vms: readonly PlannerVm[],
  rules: readonly PlannerRule[] = [],
): Snapshot {
  return { hosts: [...hosts], vms: [...vms], reservations: [], rules: [...rules] };
}

/** Every move as `web1: host1 to host2`, in the plan's order. */
function movesOf({ moves }: EvacuationPlan): string[] {
  return moves.map((move) => `${move.vm}: ${move.from} to ${move.to}`);
}

const emptyHost1 = (vms: readonly string[], more: Partial<EvacuationQuestion> = {}): EvacuationQuestion => ({
  vms,
  closed: ['host1'],
  ...more,
});

describe('a plan', () => {
  test('spreads VMs of one host over the others, the largest first', () => {
    const plan = planEvacuation(
      snapshot(
        [host('host1'), host('host2'), host('host3')],
        [vm('web1', 'host1'), vm('web2', 'host1'), vm('db1', 'host1', { memoryMiB: 4096 })],
      ),
      emptyHost1(['web1', 'web2', 'db1']),
    );
    expect(plan.unplaced).toEqual([]);
    expect(plan.moves.map((move) => move.vm)).toEqual(['db1', 'web1', 'web2']);
    expect(plan.moves.map((move) => move.after)).toEqual([[], [], []]);
    expect(new Set(plan.moves.map(({ to }) => to))).toEqual(new Set(['host2', 'host3']));
  });

  test('never goes to a host that is emptied too, is closed, or of another cluster', () => {
    const plan = planEvacuation(
      snapshot(
        [
          host('host1'),
          host('host2'),
          host('host3', { state: 'maintenance' }),
          host('host4', { cluster: 'paris' }),
          host('host5', { memoryMiB: 2048 }),
        ],
        [vm('web1', 'host1'), vm('web2', 'host2')],
      ),
      { vms: ['web1', 'web2'], closed: ['host1', 'host2'] },
    );
    expect(movesOf(plan)).toEqual(['web1: host1 to host5', 'web2: host2 to host5']);
  });

  test('fills hosts tightly where spreading would leave the largest without a place', () => {
    const plan = planEvacuation(
      snapshot(
        [host('host1'), host('host2', { memoryMiB: 3072 }), host('host3', { memoryMiB: 4096 })],
        [
          vm('a', 'host1', { memoryMiB: 3072 }),
          vm('b', 'host1', { memoryMiB: 2048 }),
          vm('c', 'host1', { memoryMiB: 2048 }),
        ],
      ),
      emptyHost1(['a', 'b', 'c']),
    );
    expect(plan.unplaced).toEqual([]);
    expect(movesOf(plan)).toEqual(['a: host1 to host2', 'b: host1 to host3', 'c: host1 to host3']);
  });

  test('searches where neither spreading, nor filling, nor trading places finds a place for all', () => {
    // Six hosts of 16 GiB that the VMs fill to the last: what stays on each, and what comes.
    const stays = { host2: [7], host3: [5], host4: [6], host5: [2], host6: [5, 4], host7: [3, 4, 2] };
    const comes = [1, 5, 3, 6, 5, 4, 6, 6, 2, 4, 2, 2, 3, 2, 7];
    const gib = 1024;
    const staying = Object.entries(stays).flatMap(([on, sizes]) =>
      sizes.map((size, at) => vm(`${on}-${at}`, on, { memoryMiB: size * gib })),
    );
    const coming = comes.map((size, at) => vm(`web${at + 10}`, 'host1', { memoryMiB: size * gib }));
    const plan = planEvacuation(
      snapshot(
        ['host1', ...Object.keys(stays)].map((name) => host(name, { memoryMiB: 16 * gib, cpus: 64 })),
        [...staying, ...coming],
      ),
      emptyHost1(coming.map(({ name }) => name)),
    );
    expect(plan.unplaced).toEqual([]);
    expect(plan.moves).toHaveLength(coming.length);
  });

  test('gives a VM that is moved anyway another place before it moves one that is not', () => {
    const plan = planEvacuation(
      snapshot(
        [
          host('host1'),
          host('host2', { memoryMiB: 2048, networks: ['br-a', 'br-b'] }),
          host('host3', { memoryMiB: 2048, networks: ['br-a'] }),
        ],
        [
          vm('web1', 'host1', { memoryMiB: 2048, networks: ['br-a'] }),
          vm('web2', 'host1', { memoryMiB: 1024, networks: ['br-b'] }),
        ],
      ),
      emptyHost1(['web1', 'web2']),
    );
    expect(movesOf(plan)).toEqual(['web1: host1 to host3', 'web2: host1 to host2']);
  });

  test('moves another VM out of the way where nothing else makes room, and says for whom', () => {
    const plan = planEvacuation(
      snapshot(
        [host('host1'), host('host2', { memoryMiB: 4096 }), host('host3', { memoryMiB: 3072 })],
        [
          vm('db1', 'host1', { memoryMiB: 4096 }),
          vm('small', 'host2'),
          vm('smaller', 'host3', { memoryMiB: 512 }),
        ],
      ),
      emptyHost1(['db1']),
    );
    expect(movesOf(plan)).toEqual(['small: host2 to host3', 'db1: host1 to host2']);
    expect(plan.moves[0]?.makesRoomFor).toEqual(['db1']);
    expect(plan.moves[1]?.after).toEqual(['small']);
  });

  test('leaves those where they are that it is told to', () => {
    const herd = snapshot(
      [host('host1'), host('host2', { memoryMiB: 4096 }), host('host3', { memoryMiB: 3072 })],
      [vm('db1', 'host1', { memoryMiB: 4096 }), vm('small', 'host2')],
    );
    const plan = planEvacuation(herd, emptyHost1(['db1'], { fixed: ['small'] }));
    expect(plan.moves).toEqual([]);
    expect(plan.unplaced).toEqual([
      {
        vm: 'db1',
        from: 'host1',
        reason: 'no host takes it: of 2, memoryShort on 2 (1024 MiB short on host2, the nearest)',
      },
    ]);
  });

  test('passes over hosts where the VM was tried', () => {
    const herd = snapshot([host('host1'), host('host2'), host('host3')], [vm('web1', 'host1')]);
    const tried = { web1: ['host2'] };
    expect(movesOf(planEvacuation(herd, emptyHost1(['web1'], { tried })))).toEqual(['web1: host1 to host3']);
    const nowhere = planEvacuation(herd, emptyHost1(['web1'], { tried: { web1: ['host2', 'host3'] } }));
    expect(nowhere.unplaced[0]?.reason).toBe('no host takes it: of 2, passedOver on 2');
  });

  test('takes VMs back to where they were, and nowhere else, and moves nobody for it', () => {
    const herd = snapshot(
      [host('host1', { memoryMiB: 2048 }), host('host2'), host('host3')],
      [vm('web1', 'host2'), vm('web2', 'host2'), vm('new1', 'host1')],
    );
    const only = { web1: 'host1', web2: 'host1' };
    const plan = planEvacuation(herd, { vms: ['web1', 'web2'], closed: [], only, fixed: 'all' });
    expect(movesOf(plan)).toEqual(['web1: host2 to host1']);
    expect(plan.unplaced).toEqual([
      {
        vm: 'web2',
        from: 'host2',
        reason:
          'no host takes it: of 3, passedOver on 2 and memoryShort on 1 (1024 MiB short on host1, the nearest)',
      },
    ]);
  });

  test('lowers the load of the busiest host by a swap', () => {
    const plan = planEvacuation(
      snapshot(
        [
          host('host1', { cpus: 32 }),
          host('host2', { memoryMiB: 2048, cpus: 4 }),
          host('host3', { memoryMiB: 2048, cpus: 4 }),
        ],
        [
          vm('a', 'host1', { cpuBusyCores: 1.5 }),
          vm('b', 'host1', { cpuBusyCores: 1.5 }),
          vm('c', 'host1', { cpuBusyCores: 0.5 }),
          vm('d', 'host1', { cpuBusyCores: 0.5 }),
        ],
      ),
      emptyHost1(['a', 'b', 'c', 'd']),
    );
    const loads = new Map<string, number>();
    for (const { vm: name, to } of plan.moves)
      loads.set(to, (loads.get(to) ?? 0) + ('ab'.includes(name) ? 1.5 : 0.5));
    expect([...loads.values()]).toEqual([2, 2]);
  });
});

describe('the rules', () => {
  test('keep VMs apart by their racks, also among those that move', () => {
    const racks = {
      kind: 'apart',
      name: 'racks',
      strength: 'must',
      vms: ['db1', 'db2'],
      by: 'rack',
    } as const;
    const plan = planEvacuation(
      snapshot(
        [
          host('host1'),
          host('host2', { failureDomains: { rack: 'a' }, cpus: 32 }),
          host('host3', { failureDomains: { rack: 'a' }, cpus: 32 }),
          host('host4', { failureDomains: { rack: 'b' } }),
        ],
        [vm('db1', 'host1'), vm('db2', 'host1')],
        [{ ...racks, vms: [...racks.vms] }],
      ),
      emptyHost1(['db1', 'db2']),
    );
    expect(plan.moves.map(({ to }) => (to === 'host4' ? 'b' : 'a')).toSorted()).toEqual(['a', 'b']);
  });

  test('move VMs that must be together to one host, where all of them fit', () => {
    const pair: PlannerRule = { kind: 'together', name: 'pair', strength: 'must', vms: ['web1', 'app1'] };
    const plan = planEvacuation(
      snapshot(
        [host('host1'), host('host2', { memoryMiB: 1536, cpus: 32 }), host('host3', { memoryMiB: 2048 })],
        [vm('web1', 'host1'), vm('app1', 'host1')],
        [pair],
      ),
      emptyHost1(['web1', 'app1']),
    );
    expect(movesOf(plan)).toEqual(['app1: host1 to host3', 'web1: host1 to host3']);
    expect(plan.moves.map(({ together }) => together)).toEqual([['web1'], ['app1']]);
  });

  test('that leave no host say so', () => {
    const licensed: PlannerRule = {
      kind: 'on',
      name: 'licensed',
      strength: 'must',
      vms: ['db1'],
      hosts: ['host1'],
    };
    const plan = planEvacuation(
      snapshot([host('host1'), host('host2')], [vm('db1', 'host1')], [licensed]),
      emptyHost1(['db1']),
    );
    expect(plan.unplaced[0]?.reason).toBe('no host takes it: of 1, ruleHosts on 1');
  });
});

test('without VMs there is nothing to do', () => {
  expect(planEvacuation(snapshot([host('host1')], []), emptyHost1([]))).toEqual({ moves: [], unplaced: [] });
});

test('a VM that is gone by now is left out', () => {
  const plan = planEvacuation(snapshot([host('host1'), host('host2')], []), emptyHost1(['web1']));
  expect(plan).toEqual({ moves: [], unplaced: [] });
});

test('without an open host it says so', () => {
  const plan = planEvacuation(snapshot([host('host1')], [vm('web1', 'host1')]), emptyHost1(['web1']));
  expect(plan.unplaced[0]?.reason).toBe('no host is open that could take it');
});
