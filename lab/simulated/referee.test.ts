/** The referee convicts what must never be, and acquits whoever did nothing wrong. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aWhileMs, ByHand } from './by-hand.ts';
import type { Cause, CopyView, JournalEntry } from './journal.ts';
import { AuditInput, Referee, type ConvictionKind } from './referee.ts';

const person: Cause = { kind: 'person' };
const fault: Cause = { kind: 'fault' };
const hypervisor: Cause = { kind: 'hypervisor' };
const drover = (call: string): Cause => ({ kind: 'drover', party: 'worker', call });

type Told = Partial<Omit<CopyView, 'guest' | 'host' | 'state'>> & {
  readonly boot?: number;
  readonly up?: number;
};

/** A journal written by hand: what a referee is told, moment by moment. */
class Journal {
  readonly referee = new Referee();

  constructor() {
    for (const host of ['host1', 'host2']) this.host(0, host, 'up');
  }

  host(atMs: number, host: string, state: Extract<JournalEntry, { kind: 'host' }>['state']): this {
    this.referee.observe({ kind: 'host', atMs, host, state, memoryMiB: 2048, cause: fault });
    return this;
  }

  /** A copy of db1, persistent unless it is said otherwise; with a guest where `boot` and `up` are given. */
  copy(
    atMs: number,
    host: string,
    state: CopyView['state'],
    cause: Cause,
    { boot, up, ...more }: Told = {},
  ): this {
    const guest = boot === undefined ? {} : { guest: { boot, uptimeMs: up ?? 0 } };
    const plain = { uuid: 'u1', vm: 'db1', reason: 'user', persistent: state !== 'gone', memoryMiB: 1024 };
    this.referee.observe({ kind: 'copy', atMs, copy: { ...plain, host, state, ...guest, ...more }, cause });
    return this;
  }

  /** db1, started on host1 by a person at 1,000 ms. */
  static ofRunning(): Journal {
    return new Journal()
      .copy(0, 'host1', 'shut off', person)
      .copy(1000, 'host1', 'running', person, { boot: 1, up: 0 });
  }

  /** db1 gone from host1 and paused on host2, where it arrived with an uptime of 4,000 ms. */
  static ofArrived(): Journal {
    return Journal.ofRunning()
      .copy(4900, 'host2', 'paused', hypervisor, { job: 'in', boot: 0, persistent: false })
      .copy(5000, 'host1', 'paused', hypervisor, { job: 'out', boot: 1, up: 4000 })
      .copy(5100, 'host2', 'paused', hypervisor, { boot: 1, up: 4000 });
  }

  get messages(): string[] {
    return this.referee.convictions.map(({ message }) => message);
  }

  get kinds(): ConvictionKind[] {
    return this.referee.convictions.map(({ kind }) => kind);
  }

  audit(input: object = {}): ConvictionKind[] {
    return this.referee.audit(AuditInput.parse(input)).map(({ kind }) => kind);
  }
}

describe('two running copies', () => {
  test('are convicted at the moment when the second begins, with both hosts and the cause', () => {
    const journal = Journal.ofRunning().copy(7000, 'host2', 'running', drover('start'), { boot: 2, up: 0 });
    expect(journal.kinds).toEqual(['twoRunning']);
    expect(journal.messages).toEqual([
      'db1 begins to run on host2 at 7,000 ms, by the call start of worker, while it runs on host1 since 1,000 ms',
    ]);
  });

  test('are convicted once, however often they are told of, and are no leftover beside each other', () => {
    const journal = Journal.ofRunning()
      .copy(7000, 'host2', 'running', drover('start'), { boot: 2, up: 0 })
      .copy(7000, 'host2', 'running', drover('start'), { boot: 2, up: 0 })
      .copy(8000, 'host1', 'running', hypervisor, { boot: 1, up: 7000 });
    const operations = [{ workflowId: 'a', vm: 'db1', ending: 'none', restartedFromDisk: true }];
    expect(journal.audit({ operations })).toEqual(['twoRunning']);
  });

  test('one of which is ended do not leave a VM that is stopped', () => {
    const journal = Journal.ofRunning()
      .copy(7000, 'host2', 'running', person, { boot: 2, up: 0 })
      .copy(8000, 'host1', 'gone', drover('destroy'));
    expect(journal.audit()).toEqual(['twoRunning']);
  });

  test('names the fault that came last before it', () => {
    const journal = Journal.ofRunning();
    journal.referee.observe({ kind: 'fault', atMs: 6000, fault: '{"kind":"cutLink"}' });
    journal.copy(7000, 'host2', 'running', hypervisor, { boot: 2 });
    expect(journal.messages[0]).toContain('[last fault, at 6,000 ms: {"kind":"cutLink"}]');
  });

  test('on a host that is dead or off nothing runs, and what is frozen runs on', () => {
    for (const state of ['dead', 'off'] as const) {
      const journal = Journal.ofRunning().host(5000, 'host1', state);
      journal.copy(7000, 'host2', 'running', person, { boot: 2 });
      expect(journal.kinds).toEqual([]);
    }
    const frozen = Journal.ofRunning().host(5000, 'host1', 'frozen');
    expect(frozen.copy(7000, 'host2', 'running', person, { boot: 2 }).kinds).toEqual(['twoRunning']);
  });

  test('of a plain migration whose last reply is lost', async () => {
    const world = new ByHand();
    world.fault({ kind: 'migration', vm: 'vm1', losesLastReply: true });
    world.migrate('host2', { plain: true });
    await world.clock.advance(aWhileMs);
    expect(world.referee.convictions.map(({ kind }) => kind)).toEqual(['twoRunning', 'staleResume']);
  });

  test('of a person’s start beside a running VM', async () => {
    const world = new ByHand();
    const host2 = world.datacenter.hostNamed('host2');
    host2.define(world.datacenter.hostNamed('host1').definition(uuidOfVm1(world)), person);
    world.person('start', 'vm1', 'host2');
    expect(world.referee.convictions.map(({ kind }) => kind)).toEqual(['twoRunning']);
  });
});

describe('a stale copy', () => {
  test('is convicted when its VM had come further while it ran elsewhere', () => {
    const journal = Journal.ofArrived()
      .copy(9000, 'host1', 'running', hypervisor, { boot: 1, up: 4000 })
      .copy(10_500, 'host1', 'shut off', drover('quit'))
      .copy(10_600, 'host2', 'running', drover('resume'), { boot: 1, up: 4000 });
    expect(journal.kinds).toEqual(['staleResume']);
    expect(journal.messages[0]).toBe(
      'db1 begins to run on host2 at 10,600 ms, by the call resume of worker, at an uptime of 4,000 ms: boot 1 had ' +
        'come to an uptime of 5,500 ms, so 1,500 ms of what its users were told are undone',
    );
  });

  test('is not one that goes on from where the source halted, to the millisecond', () => {
    const resumedAt = (up: number) =>
      Journal.ofArrived().copy(5200, 'host2', 'running', drover('resume'), { boot: 1, up }).kinds;
    expect(resumedAt(4000)).toEqual([]);
    expect(resumedAt(3999.5)).toEqual([]);
    expect(resumedAt(3998)).toEqual(['staleResume']);
  });

  test('is measured by the guest’s own clock, which may have stopped before anybody tells', () => {
    const journal = Journal.ofArrived()
      .copy(9000, 'host1', 'running', hypervisor, { boot: 1, up: 4000 })
      .copy(9500, 'host1', 'shutting down', drover('quit'), { boot: 1, up: 4400 });
    const resumedAt = (up: number) =>
      journal.copy(9600, 'host2', 'running', drover('resume'), { boot: 1, up }).kinds;
    expect(resumedAt(4400)).toEqual([]);
  });

  test('stays stale after another stale one has run', () => {
    const journal = Journal.ofRunning()
      .copy(61_000, 'host1', 'shut off', fault)
      .copy(61_500, 'host2', 'running', drover('resume'), { boot: 1, up: 4000 })
      .copy(62_500, 'host2', 'paused', drover('suspend'), { boot: 1, up: 5000 })
      .copy(63_000, 'host2', 'running', drover('resume'), { boot: 1, up: 5000 });
    expect(journal.kinds).toEqual(['staleResume', 'staleResume']);
  });

  test('counts the time for which a copy runs on without a word', () => {
    const journal = Journal.ofRunning().copy(61_000, 'host1', 'shut off', fault);
    journal.copy(61_500, 'host2', 'running', drover('resume'), { boot: 1, up: 59_000 });
    expect(journal.messages[0]).toContain('had come to an uptime of 60,000 ms');
  });

  test('of an older boot is convicted, however long it was up', () => {
    const journal = Journal.ofArrived()
      .copy(6000, 'host1', 'shut off', fault)
      .copy(7000, 'host1', 'running', person, { boot: 2, up: 0 })
      .copy(8000, 'host1', 'shut off', person)
      .copy(9000, 'host2', 'running', drover('resume'), { boot: 1, up: 4000 });
    expect(journal.kinds).toEqual(['staleResume']);
    expect(journal.messages[0]).toContain('in its boot 1 of long ago');
  });

  test('a person’s resume makes it no fresher', async () => {
    const world = new ByHand();
    world.fault({ kind: 'migration', vm: 'vm1', losesLastReply: true });
    world.migrate('host2');
    await world.until('host1', 'running (migration canceled)');
    await world.clock.advance(1000);
    expect(world.referee.convictions).toEqual([]);
    world.order('quit', 'host1');
    await world.clock.advance(2000);
    world.person('resume', 'vm1', 'host2');
    expect(world.referee.convictions.map(({ kind }) => kind)).toEqual(['staleResume']);
  });

  test('the commit’s way is acquitted: quit in time, its proof, then resume, also where the reply is lost', async () => {
    for (const losesLastReply of [false, true]) {
      const world = new ByHand();
      world.fault({ kind: 'migration', vm: 'vm1', losesLastReply });
      world.migrate('host2');
      await world.until('host2', 'paused (user)');
      world.order('quit', 'host1');
      await world.clock.advance(10);
      world.order('resume', 'host2');
      await world.clock.advance(aWhileMs);
      world.order('undefine', 'host1');
      expect(world.audit()).toEqual([]);
      expect(world.uptimeOn('host2')).toBeGreaterThan(aWhileMs);
    }
  });
});

describe('a VM that a person has paused', () => {
  test('is not resumed by Drover', () => {
    const world = new ByHand();
    world.person('suspend');
    world.order('resume', 'host1');
    expect(world.referee.convictions.map(({ kind }) => kind)).toEqual(['resumedUnasked']);
  });

  test('may be resumed by a person', () => {
    const world = new ByHand();
    world.person('suspend');
    world.person('resume');
    expect(world.referee.convictions).toEqual([]);
  });

  test('stays so where it goes', () => {
    const arrived = (to: CopyView['state'], cause: Cause) =>
      Journal.ofRunning()
        .copy(2000, 'host1', 'paused', person, { boot: 1, up: 1000 })
        .copy(3000, 'host2', 'paused', hypervisor, { job: 'in', boot: 0, persistent: false })
        .copy(3100, 'host1', 'paused', hypervisor, { job: 'out', boot: 1, up: 1000 })
        .copy(3500, 'host2', 'paused', hypervisor, { boot: 1, up: 1000 })
        .copy(3600, 'host1', 'shut off', drover('quit'))
        .copy(3700, 'host2', to, cause, { boot: 1, up: 1000 });
    expect(arrived('running', drover('resume')).kinds).toEqual(['resumedUnasked']);
    expect(arrived('running', person).kinds).toEqual([]);
    expect(arrived('paused', hypervisor).kinds).toEqual([]);
  });

  test('while it moves is not told from one that the migration has paused', () => {
    const journal = Journal.ofRunning()
      .copy(2000, 'host1', 'running', hypervisor, { job: 'out', boot: 1, up: 1000 })
      .copy(2100, 'host1', 'paused', person, { job: 'out', boot: 1, up: 1100 })
      .copy(2200, 'host1', 'running', hypervisor, { boot: 1, up: 1100 });
    expect(journal.kinds).toEqual([]);
  });

  test('and that has ended since is missed by nobody when it is started', () => {
    const journal = Journal.ofRunning()
      .copy(2000, 'host1', 'paused', person, { boot: 1, up: 1000 })
      .copy(3000, 'host1', 'shut off', fault)
      .copy(4000, 'host1', 'running', drover('start'), { boot: 2, up: 0 });
    expect(journal.kinds).toEqual([]);
  });
});

describe('a new boot', () => {
  const restarted = (cause: Cause) =>
    Journal.ofRunning()
      .copy(5000, 'host1', 'shut off', fault)
      .copy(6000, 'host1', 'running', cause, { boot: 2, up: 0 });

  test('that no operation tells of is convicted at the audit', () => {
    const journal = restarted(drover('start'));
    expect(journal.kinds).toEqual([]);
    const others = [
      { workflowId: 'a', vm: 'db1', ending: 'moved' },
      { workflowId: 'b', vm: 'web1', ending: 'moved', restartedFromDisk: true },
    ];
    expect(journal.audit({ operations: others })).toEqual(['unexplainedBoot']);
    expect(journal.messages[0]).toContain(
      'db1 was booted anew (boot 2) on host1 at 6,000 ms, by the call start of worker',
    );
  });

  test('is explained for good by an operation that says so, or by a person', () => {
    const journal = restarted(drover('start'));
    const operations = [{ workflowId: 'a', vm: 'db1', ending: 'moved', restartedFromDisk: true }];
    expect(journal.audit({ operations })).toEqual([]);
    expect(journal.audit()).toEqual([]);
    expect(restarted(person).audit()).toEqual([]);
  });

  test('the first one needs no reason', () => {
    const journal = new Journal().copy(0, 'host1', 'shut off', person);
    expect(journal.copy(9, 'host1', 'running', drover('start'), { boot: 1 }).audit()).toEqual([]);
  });
});

describe('a VM that should run', () => {
  test.each(['destroy', 'quit', 'shutDown'] as const)(
    'and was ended by Drover’s %s is convicted',
    async (call) => {
      const world = new ByHand();
      await world.clock.advance(500);
      world.order(call, 'host1');
      await world.clock.advance(aWhileMs);
      expect(world.audit()).toEqual(['stoppedUnasked']);
      const { message } = world.referee.convictions[0] ?? {};
      expect(message).toMatch(
        /^vm1 should run, and stopped on host1 at [\d,]+ ms, by the call \w+ of worker/,
      );
      expect(message).toMatch(/it is shut off \((destroyed|shutdown)\) on host1$/);
    },
  );

  test('and was paused by Drover is convicted', async () => {
    const world = new ByHand();
    world.order('suspend', 'host1');
    expect(world.audit()).toEqual(['stoppedUnasked']);
  });

  test('and waits at its target for ever is convicted', async () => {
    const world = new ByHand();
    world.migrate('host2');
    await world.clock.advance(aWhileMs);
    world.order('undefine', 'host1');
    expect(world.audit()).toEqual(['stoppedUnasked']);
  });

  test.each(['shutDown', 'destroy', 'suspend'] as const)('until a person’s %s', async (order) => {
    const world = new ByHand();
    world.person(order);
    await world.clock.advance(aWhileMs);
    expect(world.audit()).toEqual([]);
  });

  test.each([
    { kind: 'crashHost', host: 'host1' },
    { kind: 'powerOff', host: 'host1' },
    { kind: 'crashGuest', vm: 'vm1' },
    { kind: 'storageAway', storage: 'san1' },
    { kind: 'isolateHost', host: 'host1' },
  ] as const)('may be down by a fault: $kind', async (down) => {
    const world = new ByHand();
    world.fault(down);
    await world.clock.advance(aWhileMs);
    world.fault({ kind: 'healAll' });
    expect(world.audit()).toEqual([]);
  });

  test('a pause explains no end: Drover may not destroy what a person has paused', () => {
    const world = new ByHand();
    world.person('suspend');
    world.order('destroy', 'host1');
    expect(world.audit()).toEqual(['stoppedUnasked']);
  });

  test('what once explained it explains nothing after it ran again', () => {
    const world = new ByHand();
    world.person('destroy');
    world.person('start', 'vm1', 'host1');
    world.order('destroy', 'host1');
    expect(world.audit()).toEqual(['stoppedUnasked']);
  });

  test('a fault or a person that took only the target’s half explains nothing', async () => {
    const world = new ByHand();
    world.migrate('host2');
    await world.clock.advance(500);
    world.person('destroy', 'vm1', 'host2');
    world.order('destroy', 'host1');
    expect(world.audit()).toEqual(['stoppedUnasked']);
  });

  test('a person who cleared a stale copy away explains nothing', async () => {
    const world = new ByHand();
    world.fault({ kind: 'migration', vm: 'vm1', losesLastReply: true });
    world.migrate('host2');
    await world.clock.advance(aWhileMs);
    world.person('destroy', 'vm1', 'host2');
    world.person('undefine', 'vm1', 'host2');
    expect(world.audit()).toEqual([]);
    world.order('destroy', 'host1');
    expect(world.audit()).toEqual(['stoppedUnasked']);
  });

  test('and dies by a fault after Drover has ended it was stopped by Drover', async () => {
    const world = new ByHand();
    world.order('quit', 'host1');
    await world.clock.advance(100);
    world.fault({ kind: 'crashHost', host: 'host1' });
    expect(world.audit()).toEqual(['stoppedUnasked']);
  });

  test('and whose source Drover ended is not excused by the fault that took the target’s half', () => {
    const journal = Journal.ofRunning()
      .copy(4900, 'host2', 'paused', hypervisor, { job: 'in', boot: 0, persistent: false })
      .copy(5000, 'host1', 'paused', hypervisor, { job: 'out', boot: 1, up: 4000 })
      .copy(5050, 'host2', 'gone', fault)
      .copy(5100, 'host1', 'shut off', drover('quit'));
    expect(journal.audit()).toEqual(['stoppedUnasked']);
  });

  test('one that a person ended where it waited at its target is not missed', async () => {
    const world = new ByHand();
    world.migrate('host2');
    await world.clock.advance(aWhileMs);
    world.order('undefine', 'host1');
    world.person('destroy', 'vm1', 'host2');
    expect(world.audit()).toEqual([]);
  });

  test('and that nobody ever started need not run', () => {
    expect(new ByHand([{ isRunning: false }]).audit()).toEqual([]);
  });
});

describe('what is lost', () => {
  test('a VM that no host knows any more', () => {
    const world = new ByHand();
    world.order('undefine', 'host1');
    world.order('destroy', 'host1');
    expect(world.audit()).toEqual(['vmLost']);
    expect(world.referee.convictions[0]?.message).toBe(
      'no host knows vm1 any more: the last that did forgot it on host1 at 0 ms, by the call destroy of worker',
    );
  });

  test('a VM is lost also where a fault had ended it before', () => {
    const world = new ByHand();
    world.fault({ kind: 'crashGuest', vm: 'vm1' });
    world.order('undefine', 'host1');
    expect(world.audit()).toEqual(['vmLost']);
  });

  test('the definition of a VM that runs, or that a person has stopped', () => {
    const running = new ByHand();
    running.order('undefine', 'host1');
    expect(running.audit()).toEqual(['definitionLost']);
    const stopped = new ByHand();
    stopped.person('destroy');
    stopped.order('undefine', 'host1');
    expect(stopped.audit()).toEqual(['definitionLost']);
  });

  test('the definition of a VM that never ran is lost, not the VM', () => {
    const world = new ByHand([{ isRunning: false }]);
    world.order('undefine', 'host1');
    expect(world.audit()).toEqual(['definitionLost']);
  });

  test('what a person undefined explains nothing after it was defined again', () => {
    const world = new ByHand();
    const host1 = world.datacenter.hostNamed('host1');
    world.person('undefine');
    host1.define(host1.definition(uuidOfVm1(world)), drover('define'));
    world.order('undefine', 'host1');
    expect(world.audit()).toEqual(['definitionLost']);
  });

  test('what a person undefined is not lost, nor what went to another host', async () => {
    const world = new ByHand();
    world.person('undefine');
    expect(world.audit()).toEqual([]);
    world.fault({ kind: 'crashGuest', vm: 'vm1' });
    expect(world.audit()).toEqual([]);
    const moved = new ByHand();
    moved.migrate('host2', { plain: true });
    await moved.clock.advance(aWhileMs);
    expect(moved.audit()).toEqual([]);
  });
});

describe('a host’s memory', () => {
  test('is exceeded by a migration that fills a copy there, and the message adds it up', async () => {
    const world = new ByHand([
      { memoryMiB: 4096 },
      { memoryMiB: 3072, host: 'host2' },
      { memoryMiB: 2048, host: 'host2' },
    ]);
    world.migrate('host2');
    await world.clock.advance(100);
    expect(world.referee.convictions).toMatchObject([
      {
        kind: 'overCapacity',
        host: 'host2',
        message:
          'host2 has 8192 MiB, and its active copies take 9216 MiB (vm1 4096, vm2 3072, vm3 2048) since vm1 came at ' +
          '40 ms, by the hypervisor itself',
      },
    ]);
    await world.clock.advance(aWhileMs);
    expect(world.referee.convictions).toHaveLength(1);
  });

  test('may be used up, or exceeded by a person; what is off takes none', async () => {
    const full = new ByHand([{ memoryMiB: 4096 }, { memoryMiB: 4096, host: 'host2' }]);
    full.migrate('host2', { plain: true });
    const byPerson = new ByHand([{ memoryMiB: 8192 }, { memoryMiB: 8192 }]);
    const beside = new ByHand([{ memoryMiB: 8192 }, { memoryMiB: 8192, host: 'host2', isRunning: false }]);
    beside.migrate('host2', { plain: true });
    for (const world of [full, byPerson, beside]) {
      await world.clock.advance(aWhileMs);
      expect(world.audit()).toEqual([]);
    }
  });
});

describe('leftovers', () => {
  const leftover = (world: ByHand): string => {
    expect(world.audit()).toEqual(['leftover']);
    return world.referee.convictions[0]?.message ?? '';
  };

  test('the source’s definition after a move', async () => {
    const world = new ByHand();
    world.migrate('host2');
    await world.clock.advance(aWhileMs);
    world.order('resume', 'host2');
    expect(leftover(world)).toMatch(
      /^a second definition of vm1 is left: it is shut off \(migrated\) on host1 since [\d,]+ ms, by the hypervisor itself, beside the one that is running \(unpaused\) on host2, boot 1/,
    );
  });

  test('a stale copy at the target', async () => {
    const world = new ByHand();
    world.fault({ kind: 'migration', vm: 'vm1', losesLastReply: true });
    world.migrate('host2');
    await world.clock.advance(aWhileMs);
    expect(leftover(world)).toContain('a second copy of vm1 is left: it is paused (user) on host2');
  });

  test('nothing of a VM for which an operation has asked a person to look', async () => {
    const world = new ByHand();
    world.fault({ kind: 'migration', vm: 'vm1', losesLastReply: true });
    world.migrate('host2');
    await world.clock.advance(aWhileMs);
    const of = (vm: string) => ({
      operations: [{ workflowId: 'move', vm, ending: 'failed: NeedsOperator' }],
    });
    expect(world.audit(of('vm1'))).toEqual([]);
    expect(world.audit(of('vm2'))).toEqual(['leftover']);
  });

  test('a migration under way and its half, though an operation has asked a person to look', async () => {
    const world = new ByHand();
    world.migrate('host2');
    await world.clock.advance(500);
    const operations = [{ workflowId: 'move', vm: 'vm1', ending: 'failed: NeedsOperator' }];
    expect(world.audit({ operations })).toEqual(['leftover', 'leftover']);
  });

  test('a source that is paused for good, beside the target that runs', async () => {
    const world = new ByHand([{ locksDisk: true }]);
    world.fault({ kind: 'migration', vm: 'vm1', losesLastReply: true });
    world.migrate('host2', { plain: true });
    await world.clock.advance(aWhileMs);
    expect(leftover(world)).toContain('paused (migrating) on host1');
  });

  test('a migration under way, and its half', async () => {
    const world = new ByHand();
    const migration = world.migrate('host2');
    await world.clock.advance(500);
    expect(world.audit()).toEqual(['leftover', 'leftover']);
    migration.abort();
    const again = new ByHand();
    const aborted = again.migrate('host2');
    await again.clock.advance(500);
    again.person('suspend');
    aborted.abort();
    expect(again.audit()).toEqual([]);
  });

  test('the half of a migration whose source has ended', () => {
    const journal = Journal.ofRunning()
      .copy(5000, 'host1', 'shut off', fault)
      .copy(5100, 'host2', 'paused', hypervisor, { job: 'in', boot: 0, persistent: false });
    expect(journal.audit()).toEqual(['leftover']);
    expect(journal.messages[0]).toMatch(
      /^the half of a migration of db1 is left: it is paused \(user\) on host2/,
    );
  });

  test.each([
    { boot: 1, up: 9000 },
    { boot: 2, up: 0 },
  ])('the one of two that stand still that is behind $boot/$up', (further) => {
    const journal = Journal.ofArrived()
      .copy(9000, 'host1', 'paused', person, further)
      .copy(9500, 'host2', 'paused', hypervisor, { boot: 1, up: 4000, reason: 'unknown' });
    journal.audit();
    expect(journal.messages.join('; ')).toContain(
      'a second copy of db1 is left: it is paused (unknown) on host2',
    );
  });

  test('the one of two definitions that was touched first', async () => {
    const world = new ByHand();
    world.migrate('host2');
    await world.clock.advance(aWhileMs);
    world.order('resume', 'host2');
    world.person('destroy', 'vm1', 'host2');
    expect(leftover(world)).toContain(
      'a second definition of vm1 is left: it is shut off (migrated) on host1',
    );
  });

  test('what is still held', () => {
    const journal = Journal.ofRunning();
    expect(journal.audit({ held: ['db1 is held by op1'] })).toEqual(['leftover']);
    expect(journal.messages[0]).toContain('db1 is held by op1');
  });

  test('not what lay on a host that fell, until it is touched after its return', async () => {
    const world = new ByHand();
    world.migrate('host2');
    await world.clock.advance(aWhileMs);
    world.order('resume', 'host2');
    world.fault({ kind: 'crashHost', host: 'host1' });
    expect(world.audit()).toEqual([]);
    world.fault({ kind: 'powerOn', host: 'host1' });
    expect(world.audit()).toEqual([]);
    await world.clock.advance(1000);
    const host1 = world.datacenter.hostNamed('host1');
    host1.define(host1.definition(uuidOfVm1(world)), drover('define'));
    expect(world.audit()).toEqual(['leftover']);
  });
});

describe('what Drover says of itself', () => {
  test('an operation without an end, a trigger without an answer or without its operation', () => {
    const journal = new Journal();
    const input = {
      operations: [
        { workflowId: 'op1', vm: 'db1', ending: 'failed: MigrationAborted' },
        { workflowId: 'op2', vm: 'db1' },
      ],
      triggers: [
        { id: 't1', answer: 'started', workflowId: 'op1' },
        { id: 't2', answer: 'joined' },
        { id: 't3', answer: 'ignored' },
        { id: 't4', answer: 'refused' },
        { id: 't5' },
        { id: 't6', answer: 'joined', workflowId: 'op9' },
      ],
    };
    expect(journal.audit(input)).toEqual(['operationUnended', 'triggerLost', 'triggerLost']);
    expect(journal.messages).toEqual([
      'operation op2 on db1 has not ended',
      'trigger t5 was never answered',
      'trigger t6 was answered "joined", and there is no operation op9',
    ]);
    expect(journal.audit(input)).toHaveLength(3);
  });

  test('a trigger that started something where there is no operation at all', () => {
    expect(new Journal().audit({ triggers: [{ id: 't1', answer: 'started' }] })).toEqual(['triggerLost']);
  });
});

test('an audit that is repeated convicts once, and tells all that was convicted before', () => {
  const journal = Journal.ofRunning()
    .copy(3000, 'host2', 'running', person, { boot: 2 })
    .copy(4000, 'host2', 'gone', drover('destroy'))
    .copy(5000, 'host1', 'shut off', drover('destroy'));
  const input = { held: ['a slot'] };
  const first = journal.audit(input);
  expect(first).toEqual(['twoRunning', 'stoppedUnasked', 'leftover']);
  expect(journal.audit(input)).toEqual(first);
  journal.copy(6000, 'host1', 'running', person, { boot: 3 });
  expect(journal.audit()).toEqual(first);
  journal.copy(7000, 'host1', 'paused', drover('suspend'), { boot: 3, up: 1000 });
  expect(journal.audit()).toEqual([...first, 'stoppedUnasked']);
});

describe('acquitted', () => {
  test.each([true, false])('a migration that goes well (plain: %s)', async (plain) => {
    const world = new ByHand();
    await world.clock.advance(5000);
    world.migrate('host2', { plain });
    await world.clock.advance(aWhileMs);
    if (!plain) {
      world.order('resume', 'host2');
      world.order('undefine', 'host1');
    }
    expect(world.audit()).toEqual([]);
  });

  test.each(['prepared', 'copying', 'halfCopied'] as const)(
    'one that is aborted when it is %s',
    async (moment) => {
      const world = new ByHand();
      world.hold(moment);
      const migration = world.migrate('host2');
      await world.clock.advance(2000);
      migration.abort();
      await world.clock.advance(aWhileMs);
      expect(world.audit()).toEqual([]);
    },
  );

  test.each([0, 0.3, 1])('one that fails after %d of its copy', async (failsAt) => {
    const world = new ByHand();
    world.fault({ kind: 'migration', vm: 'vm1', failsAt });
    world.migrate('host2');
    await world.clock.advance(aWhileMs);
    expect(world.audit()).toEqual([]);
  });

  test.each([
    ['prepared', 'host2'],
    ['halfCopied', 'host2'],
    ['switchedOver', 'host2'],
    ['prepared', 'host1'],
    ['halfCopied', 'host1'],
    ['switchedOver', 'host1'],
  ] as const)('one that is %s when %s dies', async (moment, host) => {
    for (const kind of ['crashHost', 'restartDaemon'] as const) {
      const world = new ByHand();
      const letGo = world.hold(moment);
      world.migrate('host2');
      await world.clock.advance(2000);
      world.fault({ kind, host });
      letGo();
      await world.clock.advance(aWhileMs);
      world.fault({ kind: 'healAll' });
      expect(world.audit()).toEqual([]);
    }
  });

  test.each([
    ['the whole network', { kind: 'cutLink', from: 'host1', to: 'host2' }],
    ['the target’s storage', { kind: 'cutLink', from: 'host2', to: 'san1' }],
    ['the source', { kind: 'isolateHost', host: 'host1' }],
  ] as const)('one that loses %s in its copy', async (_, cut) => {
    const world = new ByHand();
    world.migrate('host2', { plain: true });
    await world.clock.advance(500);
    world.fault(cut);
    await world.clock.advance(aWhileMs);
    world.fault({ kind: 'healAll' });
    expect(world.audit()).toEqual([]);
  });

  test.each(['suspend', 'shutDown', 'destroy'] as const)(
    'one in whose copy a person orders: %s',
    async (order) => {
      const world = new ByHand();
      world.migrate('host2', { bandwidthMiBps: 100 });
      await world.clock.advance(1000);
      world.person(order);
      await world.clock.advance(aWhileMs);
      if (order === 'suspend') world.order('undefine', 'host1');
      expect(world.audit()).toEqual([]);
    },
  );
});

test('no sequence of a person’s orders and undisturbed migrations is ever convicted', async () => {
  const vms = ['vm1', 'vm2', 'vm3'];
  const hosts = ['host1', 'host2', 'host3'];
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('person' as const),
      order: fc.constantFrom('start', 'shutDown', 'destroy', 'suspend', 'resume', 'undefine' as const),
      vm: fc.constantFrom(...vms),
    }),
    fc.record({
      kind: fc.constant('migrate' as const),
      vm: fc.constantFrom(...vms),
      to: fc.constantFrom(...hosts),
    }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 3000 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async (steps) => {
      const world = new ByHand(vms.map((_, at) => ({ host: hosts[at] ?? 'host1', dirtyMiBps: at * 5 })));
      for (const one of steps) {
        await world.clock.advance(1);
        // What can't be done is refused, as on real hosts.
        if (one.kind === 'wait') await world.clock.advance(one.ms);
        else if (one.kind === 'migrate')
          refusable(() => world.migrate(one.to, { vm: one.vm, from: whereIs(world, one.vm), plain: true }));
        else refusable(() => world.person(one.order, one.vm, whereIs(world, one.vm)));
      }
      await world.clock.advance(aWhileMs);
      expect(world.audit()).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

function uuidOfVm1(world: ByHand): string {
  return [...world.datacenter.hostNamed('host1').copies.keys()][0] ?? '';
}

/** Where a person finds a VM: where it runs, else where it is defined. */
function whereIs({ datacenter }: ByHand, vm: string): string {
  const found = [...datacenter.hosts.values()].flatMap((host) =>
    [...host.copies.values()]
      .filter((copy) => copy.vm === vm && !copy.isIncoming)
      .map((copy) => ({ host: host.name, copy })),
  );
  const [best] = found.toSorted(
    (a, b) =>
      Number(b.copy.state === 'running') - Number(a.copy.state === 'running') ||
      Number(b.copy.live !== undefined) - Number(a.copy.live !== undefined),
  );
  return best?.host ?? 'host1';
}

function refusable(act: () => unknown): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'Refusal') throw error;
  }
}
