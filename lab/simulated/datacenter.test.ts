/** The simulation does what libvirtd hosts do, as it was measured on them. */
import { describe, expect, test } from 'vitest';
import { aWhileMs, ByHand, endOf } from './by-hand.ts';
import { SimulatedDatacenter } from './datacenter.ts';

const uuid = SimulatedDatacenter.vmUuid('vm1');

describe('a plain migration', () => {
  test('copies, hands the guest over, and tells it in the order of libvirt', async () => {
    const world = new ByHand();
    const told = world.told.length;
    await world.clock.advance(5000);
    const migration = world.migrate('host2', { plain: true });
    const end = endOf(migration);

    await world.clock.advance(40);
    expect(world.stateOn('host2')).toBe('paused (migrating), filling');
    expect(world.stateOn('host1')).toBe('running (booted)');
    await world.clock.advance(512);
    expect(migration.progress).toMatchObject({ iteration: 1, processedBytes: 512 * 1024 ** 2 });

    await world.until('host1', 'paused (migrating)');
    const leftAtMs = world.clock.nowMs();
    const uptimeMs = world.uptimeOn('host1');
    await world.until('host2', 'running (migrated)');
    expect(world.uptimeOn('host2')).toBeCloseTo(uptimeMs, -1);
    expect(world.clock.nowMs() - leftAtMs).toBeLessThan(100);

    await world.clock.advance(2000);
    expect(await end).toBe('done');
    expect(world.stateOn('host1')).toBe('absent');
    const atSource = world.told.slice(told).filter((line) => line.startsWith('host1'));
    expect(atSource.slice(0, 2)).toEqual(['host1: suspended migrated', 'host1: stopped migrated']);
    expect(world.told.slice(told).filter((line) => line.startsWith('host2'))).toEqual([
      'host2: started migrated',
      'host2: defined added',
      'host2: resumed migrated',
    ]);
  });

  test('shares its network with others, and keeps to its own rate', async () => {
    const world = new ByHand([{}, {}]);
    const alone = world.migrate('host2', { bandwidthMiBps: 100 });
    await world.clock.advance(50);
    expect(alone.progress.bytesPerSecond).toBe(100 * 1024 ** 2);
    const both = world.migrate('host3', { vm: 'vm2' });
    await world.clock.advance(50);
    expect(both.progress.bytesPerSecond).toBe(500 * 1024 ** 2);
  });

  test('a second one of the same VM is refused, and one to where it runs', async () => {
    const world = new ByHand();
    world.migrate('host2');
    expect(() => world.migrate('host3')).toThrow('another migration job is already running');
    await world.clock.advance(100);
    expect(() => world.migrate('host3', { from: 'host2' })).toThrow('cannot acquire state change lock');
    const other = new ByHand();
    expect(() => other.migrate('host1')).toThrow('to the same host');
  });
});

describe('a paused arrival', () => {
  test('stays paused until it is resumed, and the source’s end can be read', async () => {
    const world = new ByHand();
    const told = world.told.length;
    const end = endOf(world.migrate('host2'));
    await world.clock.advance(aWhileMs);
    expect(await end).toBe('done');
    expect(world.stateOn('host1')).toBe('shut off (migrated)');
    expect(world.stateOn('host2')).toBe('paused (user)');
    world.order('resume', 'host2');
    expect(world.stateOn('host2')).toBe('running (unpaused)');
    expect(world.told.slice(told)).toEqual([
      'host2: started migrated',
      'host1: suspended migrated',
      'host2: defined added',
      'host2: suspended paused',
      'host1: stopped migrated',
      'host2: resumed unpaused',
    ]);
  });

  test('a quit in time ends the source at once, and libvirt still says that it has migrated', async () => {
    const world = new ByHand();
    const end = endOf(world.migrate('host2'));
    await world.until('host2', 'paused (user)');
    world.order('quit', 'host1');
    await world.clock.advance(10);
    expect(world.told.at(-1)).toBe('host1: shutDown finished after host request');
    expect(world.stateOn('host1')).toMatch(/^shutting down/);
    await world.clock.advance(2000);
    expect(await end).toBe('done');
    expect(world.stateOn('host1')).toMatch(/^shut off/);
    expect(world.told.at(-1)).toBe('host1: stopped migrated');
  });

  test('a quit in time where the last reply is lost: the source ends, and never runs again', async () => {
    const world = new ByHand();
    world.fault({ kind: 'migration', vm: 'vm1', losesLastReply: true });
    const end = endOf(world.migrate('host2'));
    await world.until('host2', 'paused (user)');
    world.order('quit', 'host1');
    const quit = world.told.length;
    await world.clock.advance(aWhileMs);
    expect(await end).toContain('client socket is closed');
    expect(world.stateOn('host1')).toBe('shut off (shutdown)');
    expect(world.told.slice(quit)).toEqual([
      'host1: shutDown finished after host request',
      'host1: stopped shutdown',
    ]);
  });

  test('a quit at the last moment before the source would run on', async () => {
    const world = new ByHand();
    world.fault({ kind: 'migration', vm: 'vm1', losesLastReply: true });
    world.migrate('host2');
    await world.until('host2', 'paused (user)');
    await world.clock.advance(3995);
    world.order('quit', 'host1');
    const quit = world.told.length;
    await world.clock.advance(aWhileMs);
    expect(world.stateOn('host1')).toBe('shut off (shutdown)');
    expect(world.told.slice(quit)).not.toContain('host1: resumed migrated');
  });

  test('a target whose libvirtd hangs at the arrival does not reply, and the source runs on', async () => {
    const world = new ByHand();
    const letGo = world.hold('arrived');
    world.migrate('host2');
    await world.clock.advance(2000);
    world.fault({ kind: 'freezeHost', host: 'host2' });
    letGo();
    await world.clock.advance(aWhileMs);
    expect(world.stateOn('host1')).toBe('running (migration canceled)');
    expect(world.stateOn('host2')).toBe('paused (user)');
  });

  test('where the last reply is lost, the source runs on by itself, and a late quit kills it', async () => {
    const world = new ByHand();
    world.fault({ kind: 'migration', vm: 'vm1', losesLastReply: true });
    world.migrate('host2');
    await world.until('host2', 'paused (user)');
    await world.clock.advance(3999);
    expect(world.stateOn('host1')).toBe('paused (migrating)');
    await world.until('host1', 'running (migration canceled)');
    expect(world.told.at(-1)).toBe('host1: resumed migrated');
    await world.clock.advance(1000);
    expect(world.uptimeOn('host1')).toBeGreaterThan(world.uptimeOn('host2') + 900);
    world.order('quit', 'host1');
    await world.clock.advance(aWhileMs);
    expect(world.stateOn('host1')).toBe('shut off (shutdown)');
    expect(world.stateOn('host2')).toBe('paused (user)');
  });
});

describe('a migration that fails', () => {
  test('at a share of its copy: the VM has run all the time, and nothing is left at the target', async () => {
    const world = new ByHand();
    world.fault({ kind: 'migration', vm: 'vm1', failsAt: 0.5 });
    const end = endOf(world.migrate('host2'));
    await world.clock.advance(540);
    expect(world.stateOn('host2')).toBe('paused (migrating), filling');
    await world.clock.advance(20);
    expect(await end).toMatch(/^OPERATION_FAILED/);
    expect(world.stateOn('host1')).toBe('running (booted)');
    expect(world.stateOn('host2')).toBe('absent');
  });

  test('one that never converges goes on until it is aborted', async () => {
    const world = new ByHand();
    world.fault({ kind: 'migration', vm: 'vm1', neverConverges: true });
    const migration = world.migrate('host2');
    await world.clock.advance(60_000);
    expect(world.stateOn('host1')).toBe('running (booted)');
    expect(migration.progress.iteration).toBeGreaterThan(20);
    migration.abort();
    expect(await endOf(migration)).toContain("job 'migration out' canceled by client");
    expect(world.stateOn('host2')).toBe('absent');
    await world.clock.advance(aWhileMs);
    expect(world.stateOn('host1')).toBe('running (booted)');
  });

  test('one that does not converge tells the halt that it needs, and ends once that is allowed', async () => {
    const world = new ByHand([{ dirtyMiBps: 800 }]);
    const migration = world.migrate('host2', { bandwidthMiBps: 1000 });
    expect(migration.progress).not.toHaveProperty('expectedDowntimeMs');
    await world.clock.advance(1200);
    expect(migration.progress).toMatchObject({ iteration: 2 });
    const needed = migration.progress.expectedDowntimeMs ?? 0;
    expect(needed).toBeGreaterThan(migration.maxDowntimeMs);
    migration.maxDowntimeMs = needed;
    await world.until('host2', 'paused (user)');
    expect(migration.progress.iteration).toBe(2);
  });

  test.each(['prepared', 'copying', 'halfCopied'] as const)(
    'an abort is heard when it is %s',
    async (moment) => {
      const world = new ByHand();
      world.hold(moment);
      const migration = world.migrate('host2');
      await world.clock.advance(2000);
      migration.abort();
      expect(await endOf(migration)).toMatch(/^OPERATION_ABORTED/);
      expect(world.stateOn('host2')).toBe('absent');
    },
  );

  test('an abort is heard until QEMU has sent the whole guest, which it then lets run itself', async () => {
    const world = new ByHand();
    world.hold('switchedOver');
    const migration = world.migrate('host2');
    await world.until('host1', 'paused (migrating)');
    migration.abort();
    expect(await endOf(migration)).toMatch(/^OPERATION_ABORTED/);
    expect(world.stateOn('host1')).toBe('running (unpaused)');
    expect(world.told.slice(-2)).toEqual(['host2: stopped failed', 'host1: resumed unpaused']);
    expect(world.stateOn('host2')).toBe('absent');
    await world.clock.advance(aWhileMs);
    expect(world.stateOn('host1')).toBe('running (unpaused)');
  });

  test('an abort then lets a guest run that a person has paused on the way, and not one that was paused before', async () => {
    for (const [pausesAfterMs, state] of [
      [0, 'paused (user)'],
      [500, 'running (migration canceled)'],
    ] as const) {
      const world = new ByHand();
      world.hold('switchedOver');
      if (pausesAfterMs === 0) world.person('suspend');
      const migration = world.migrate('host2');
      if (pausesAfterMs > 0) {
        await world.clock.advance(pausesAfterMs);
        world.person('suspend');
      }
      await world.clock.advance(2000);
      migration.abort();
      expect(world.stateOn('host1')).toBe(state);
    }
  });

  test.each(['arrived', 'confirming'] as const)(
    'an abort is answered and without effect when it is %s',
    async (moment) => {
      const world = new ByHand();
      const goOn = world.hold(moment);
      const migration = world.migrate('host2');
      await world.clock.advance(2000);
      migration.abort();
      goOn();
      await world.clock.advance(aWhileMs);
      expect(await endOf(migration)).toBe('done');
      expect(world.stateOn('host1')).toBe('shut off (migrated)');
      expect(world.stateOn('host2')).toBe('paused (user)');
    },
  );

  test('what stood still before, or for its storage, still does after an abort', async () => {
    const paused = new ByHand();
    paused.person('suspend');
    const world = new ByHand();
    for (const [each, state] of [
      [paused, 'paused (user)'],
      [world, 'paused (I/O error)'],
    ] as const) {
      const migration = each.migrate('host2', { bandwidthMiBps: 100 });
      await each.clock.advance(500);
      if (each === world) each.fault({ kind: 'cutLink', from: 'host1', to: 'san1' });
      await each.clock.advance(1000);
      migration.abort();
      expect(each.stateOn('host1')).toBe(state);
    }
  });

  test('what the target lacks is told before anything is copied', async () => {
    const world = new ByHand([{ network: 'br9' }], [{ networks: ['br9'] }, {}]);
    const end = endOf(world.migrate('host2'));
    await world.clock.advance(100);
    expect(await end).toContain("Cannot get interface MTU on 'br9'");
    expect(world.stateOn('host1')).toBe('running (booted)');
  });

  test('a VM of the same name at the target is not overwritten', async () => {
    const world = new ByHand();
    const other = { ...world.datacenter.hostNamed('host1').definition(uuid), uuid: 'another' };
    world.datacenter.hostNamed('host2').define(other, { kind: 'person' });
    const end = endOf(world.migrate('host2'));
    await world.clock.advance(100);
    expect(await end).toContain("domain 'vm1' already exists with uuid another");
  });
});

describe('a person during the copy', () => {
  test('who pauses before it: it arrives paused, and its source is not suspended again', async () => {
    const world = new ByHand();
    world.person('suspend');
    const told = world.told.length;
    world.migrate('host2', { plain: true });
    await world.clock.advance(aWhileMs);
    expect(world.stateOn('host2')).toBe('paused (user)');
    expect(world.told.slice(told)).not.toContain('host1: suspended migrated');
  });

  test('who pauses meanwhile is taken for the migration, and an abort lets it run', async () => {
    const world = new ByHand();
    const migration = world.migrate('host2');
    await world.clock.advance(500);
    world.person('suspend');
    expect(world.stateOn('host1')).toBe('paused (migrating)');
    expect(world.told.at(-1)).toBe('host1: suspended migrated');
    expect(() => world.person('resume')).toThrow('cannot acquire state change lock');
    migration.abort();
    expect(world.stateOn('host1')).toBe('running (migration canceled)');
  });

  test.each(['shutDown', 'destroy'] as const)(
    'whose %s ends the VM ends the migration too',
    async (order) => {
      const world = new ByHand();
      const end = endOf(world.migrate('host2', { bandwidthMiBps: 100 }));
      await world.clock.advance(500);
      world.person(order);
      await world.clock.advance(aWhileMs);
      expect(await end).toContain('domain is not running');
      expect(world.stateOn('host1')).toMatch(/^shut off/);
      expect(world.stateOn('host2')).toBe('absent');
    },
  );

  test('who destroys the target’s half: the VM runs on at the source', async () => {
    const world = new ByHand();
    const end = endOf(world.migrate('host2'));
    await world.clock.advance(500);
    world.person('destroy', 'vm1', 'host2');
    expect(await end).toMatch(/^OPERATION_FAILED/);
    expect(world.stateOn('host2')).toBe('absent');
    await world.clock.advance(aWhileMs);
    expect(world.stateOn('host1')).toBe('running (booted)');
  });

  test('a quit during the copy ends the VM, and the target’s half with it', async () => {
    const world = new ByHand();
    const end = endOf(world.migrate('host2'));
    await world.clock.advance(500);
    world.order('quit', 'host1');
    expect(world.stateOn('host2')).toBe('absent');
    await world.clock.advance(aWhileMs);
    expect(await end).toContain('domain is not running');
    expect(world.stateOn('host1')).toBe('shut off (shutdown)');
  });
});

describe('a host that dies during a migration', () => {
  test.each(['prepared', 'halfCopied', 'switchedOver', 'arrived'] as const)(
    'the target, %s: the VM runs on at the source once it notices',
    async (moment) => {
      const world = new ByHand();
      const letGo = world.hold(moment);
      const end = endOf(world.migrate('host2'));
      await world.clock.advance(2000);
      world.fault({ kind: 'crashHost', host: 'host2' });
      letGo();
      await world.clock.advance(4000);
      expect(await end).not.toBe('done');
      expect(world.stateOn('host1')).toMatch(/^running/);
      expect(world.stateOn('host2')).toMatch(/^(absent|shut off \(unknown\))$/);
    },
  );

  test.each(['prepared', 'halfCopied', 'switchedOver'] as const)(
    'the source, %s: the target removes what it has not whole',
    async (moment) => {
      const world = new ByHand();
      const letGo = world.hold(moment);
      const end = endOf(world.migrate('host2'));
      await world.clock.advance(2000);
      world.fault({ kind: 'crashHost', host: 'host1' });
      letGo();
      await world.clock.advance(aWhileMs);
      expect(await end).toBe('RPC: host1 is gone');
      expect(world.stateOn('host2')).toBe('absent');
      expect(world.stateOn('host1')).toBe('shut off (unknown)');
    },
  );

  test('the source, after the arrival: the target keeps it', async () => {
    const world = new ByHand();
    const letGo = world.hold('arrived');
    world.migrate('host2');
    await world.clock.advance(2000);
    world.fault({ kind: 'crashHost', host: 'host1' });
    letGo();
    await world.clock.advance(aWhileMs);
    expect(world.stateOn('host2')).toBe('paused (user)');
  });

  test('a dead host tells nobody, and starts nothing by itself when it comes up', async () => {
    const world = new ByHand();
    const told: string[] = [];
    world.datacenter.hostNamed('host1').watch(({ kind }) => told.push(kind));
    world.fault({ kind: 'crashHost', host: 'host1' });
    world.fault({ kind: 'powerOn', host: 'host1' });
    await world.clock.advance(aWhileMs);
    expect(told).toEqual([]);
    expect(world.stateOn('host1')).toBe('shut off (unknown)');
  });
});

describe('a libvirtd that is started again', () => {
  test.each([
    ['halfCopied', 'running (booted)', 'absent'],
    ['switchedOver', 'running (migration canceled)', 'absent'],
    // libvirt can't know what became of it.
    ['arrived', 'paused (migrating)', 'paused (user)'],
    ['confirming', 'shut off (migrated)', 'paused (user)'],
  ] as const)('at the source, %s: the VM is %s there', async (moment, atSource, atTarget) => {
    const world = new ByHand();
    const letGo = world.hold(moment);
    const end = endOf(world.migrate('host2'));
    await world.clock.advance(2000);
    world.fault({ kind: 'restartDaemon', host: 'host1' });
    letGo();
    await world.clock.advance(aWhileMs);
    expect(await end).not.toBe('done');
    expect(world.stateOn('host1')).toBe(atSource);
    expect(world.stateOn('host2')).toBe(atTarget);
  });

  test.each([
    ['halfCopied', 'running (booted)', 'absent'],
    ['switchedOver', 'running (migration canceled)', 'absent'],
    ['arrived', 'running (migration canceled)', 'paused (user)'],
    ['confirming', 'shut off (migrated)', 'paused (user)'],
  ] as const)('at the target, %s: the VM is %s at the source', async (moment, atSource, atTarget) => {
    const world = new ByHand();
    const letGo = world.hold(moment);
    world.migrate('host2');
    await world.clock.advance(2000);
    world.fault({ kind: 'restartDaemon', host: 'host2' });
    letGo();
    await world.clock.advance(aWhileMs);
    expect(world.stateOn('host1')).toBe(atSource);
    expect(world.stateOn('host2')).toBe(atTarget);
  });
});

describe('the network', () => {
  test('a partition during the copy: the VM runs on, the target removes its half by itself', async () => {
    const world = new ByHand();
    const end = endOf(world.migrate('host2'));
    await world.clock.advance(500);
    world.fault({ kind: 'cutLink', from: 'host1', to: 'host2' });
    await world.clock.advance(aWhileMs);
    expect(await end).toContain('Lost connection to destination host');
    expect(world.stateOn('host1')).toBe('running (booted)');
    expect(world.stateOn('host2')).toBe('absent');
  });

  test('a partition at the switch-over: the guest stands still, then runs on at the source', async () => {
    const world = new ByHand();
    const letGo = world.hold('switchedOver');
    world.migrate('host2');
    await world.clock.advance(2000);
    world.fault({ kind: 'cutLink', from: 'host1', to: 'host2' });
    letGo();
    await world.clock.advance(3000);
    expect(world.stateOn('host1')).toBe('paused (migrating)');
    await world.clock.advance(aWhileMs);
    expect(world.stateOn('host1')).toBe('running (migration canceled)');
    expect(world.stateOn('host2')).toBe('absent');
  });

  test('a cut back from the target at the arrival loses the last reply', async () => {
    const world = new ByHand();
    const letGo = world.hold('arrived');
    world.migrate('host2', { plain: true });
    await world.clock.advance(2000);
    world.fault({ kind: 'cutLink', from: 'host2', to: 'host1' });
    letGo();
    await world.clock.advance(aWhileMs);
    expect([world.stateOn('host1'), world.stateOn('host2')]).toEqual([
      'running (migration canceled)',
      'running (migrated)',
    ]);
  });

  test('a link is cut in one direction, or between one party and everybody', () => {
    const { network } = new ByHand().datacenter;
    network.cut('worker', 'host1');
    expect(network.carries('worker', 'host1')).toBe(false);
    expect(network.carries('host1', 'worker')).toBe(true);
    expect(network.isOpen('host1', 'worker')).toBe(false);
    expect(network.isOpen('host1', 'host2')).toBe(true);
    network.mend('worker', 'host1');
    network.cut('*', 'host1');
    expect(network.carries('host2', 'host1')).toBe(false);
    expect(network.carries('host2', 'host3')).toBe(true);
    network.mendAll();
    expect(network.isOpen('host1', 'host2')).toBe(true);
  });
});

describe('storage', () => {
  test.each([
    { kind: 'storageAway', storage: 'san1' },
    { kind: 'cutLink', from: 'host1', to: 'san1' },
    { kind: 'isolateHost', host: 'host1' },
  ] as const)('that is away ($kind) pauses what runs from it, until it is resumed', async (fault) => {
    const world = new ByHand();
    world.fault(fault);
    await world.clock.advance(499);
    expect(world.stateOn('host1')).toBe('running (booted)');
    await world.clock.advance(1);
    expect(world.stateOn('host1')).toBe('paused (I/O error)');
    world.fault({ kind: 'healAll' });
    await world.clock.advance(aWhileMs);
    expect(world.stateOn('host1')).toBe('paused (I/O error)');
    world.person('resume');
    expect(world.stateOn('host1')).toBe('running (unpaused)');
  });

  test('a short outage is nobody’s loss, and nothing starts without its disk', async () => {
    const world = new ByHand();
    world.fault({ kind: 'storageAway', storage: 'san1' });
    await world.clock.advance(400);
    world.fault({ kind: 'storageBack', storage: 'san1' });
    await world.clock.advance(400);
    expect(world.stateOn('host1')).toBe('running (booted)');
    world.person('destroy');
    world.fault({ kind: 'cutLink', from: 'host1', to: 'san1' });
    expect(() => world.person('start', 'vm1', 'host1')).toThrow("Failed to connect to 'san1'");
  });

  test('with a lock: a lost reply leaves the source paused for good beside a target that runs', async () => {
    const world = new ByHand([{ locksDisk: true }]);
    world.fault({ kind: 'migration', vm: 'vm1', losesLastReply: true });
    const end = endOf(world.migrate('host2', { plain: true }));
    await world.clock.advance(aWhileMs);
    expect(await end).toContain('client socket is closed');
    expect(world.stateOn('host1')).toBe('paused (migrating)');
    expect(world.stateOn('host2')).toBe('running (migrated)');
    expect(() => world.person('resume', 'vm1', 'host1')).toThrow('Failed to get "write" lock');
  });

  test('with a lock: an arrival that waits has no lock yet, so the source runs on and it can’t be resumed', async () => {
    const world = new ByHand([{ locksDisk: true }]);
    world.fault({ kind: 'migration', vm: 'vm1', losesLastReply: true });
    world.migrate('host2');
    await world.clock.advance(aWhileMs);
    expect(world.stateOn('host1')).toBe('running (migration canceled)');
    expect(() => world.order('resume', 'host2')).toThrow('Failed to get "write" lock');
  });

  test('with a lock: a guest that has left leaves it behind, and takes it where it goes on', async () => {
    const world = new ByHand([{ locksDisk: true }]);
    world.migrate('host2');
    await world.until('host2', 'paused (user)');
    expect(world.stateOn('host1')).toBe('paused (migrating)');
    world.order('resume', 'host2');
    expect(world.stateOn('host2')).toBe('running (unpaused)');
    await world.clock.advance(aWhileMs);
    expect(() => world.person('start', 'vm1', 'host1')).toThrow('Failed to get "write" lock');
  });

  test('with a lock: even a copy that ran on holds it no more once it was told to quit', async () => {
    const world = new ByHand([{ locksDisk: true }]);
    world.fault({ kind: 'migration', vm: 'vm1', losesLastReply: true });
    world.migrate('host2');
    await world.until('host1', 'running (migration canceled)');
    world.order('quit', 'host1');
    world.order('resume', 'host2');
    expect(world.stateOn('host2')).toBe('running (unpaused)');
  });

  test('with a lock: a source that was told to quit holds it no more', async () => {
    const world = new ByHand([{ locksDisk: true }]);
    world.migrate('host2');
    await world.until('host2', 'paused (user)');
    world.order('quit', 'host1');
    await world.clock.advance(10);
    world.order('resume', 'host2');
    expect(world.stateOn('host2')).toBe('running (unpaused)');
  });
});

describe('a host', () => {
  test('whose libvirtd hangs lets its VMs run, and takes no migration', async () => {
    const world = new ByHand([{}, { host: 'host2' }]);
    world.fault({ kind: 'freezeHost', host: 'host2' });
    const end = endOf(world.migrate('host2'));
    const before = world.uptimeOn('host2', 'vm2');
    await world.clock.advance(5000);
    expect(await end).toContain('unable to connect to server');
    expect(world.uptimeOn('host2', 'vm2')).toBe(before + 5000);
    world.fault({ kind: 'thawHost', host: 'host2' });
    await world.clock.advance(aWhileMs);
    expect(world.stateOn('host2')).toBe('absent');
    expect(world.stateOn('host1')).toBe('running (booted)');
  });

  test('deals its cores out by what each wants, and counts what each has used', async () => {
    const world = new ByHand([{ loadCores: 1 }, { loadCores: 0.5 }], [{ cpus: 0.75 }]);
    await world.clock.advance(10_000);
    const used = world.datacenter
      .hostNamed('host1')
      .report()
      .vms.map(({ cpuSeconds }) => cpuSeconds);
    expect(used[0]).toBeCloseTo(5);
    expect(used[1]).toBeCloseTo(2.5);
  });

  test('the power button takes its time, and one that is paused does not hear it', async () => {
    const world = new ByHand([{}, {}]);
    world.person('suspend', 'vm2');
    world.person('shutDown', 'vm1');
    world.person('shutDown', 'vm2');
    await world.clock.advance(1999);
    expect(world.stateOn('host1')).toBe('running (booted)');
    await world.clock.advance(1);
    expect(world.stateOn('host1')).toBe('shut off (shutdown)');
    expect(world.stateOn('host1', 'vm2')).toBe('paused (user)');
  });
});

describe('a BMC', () => {
  test('switches its host off and on', async () => {
    const world = new ByHand();
    const bmc = world.datacenter.bmcs.get('host1');
    expect(await bmc?.power()).toBe('on');
    await bmc?.setPower(false);
    expect(await bmc?.power()).toBe('off');
    expect(world.stateOn('host1')).toBe('shut off (unknown)');
    // What has no power can't crash.
    world.fault({ kind: 'crashHost', host: 'host1' });
    expect(await bmc?.power()).toBe('off');
    await bmc?.setPower(true);
    expect(world.datacenter.hostNamed('host1').state).toBe('up');
  });

  test('has power where its host is dead', async () => {
    const world = new ByHand();
    world.fault({ kind: 'crashHost', host: 'host1' });
    expect(await world.datacenter.bmcs.get('host1')?.power()).toBe('on');
  });

  test.each([
    ['acksOnly', 'on'],
    ['saysOff', 'off'],
  ] as const)('with the fault %s says that the power is %s', async (fault, says) => {
    const world = new ByHand();
    world.fault({ kind: 'bmc', host: 'host1', fault });
    const bmc = world.datacenter.bmcs.get('host1');
    if (fault === 'acksOnly') await bmc?.setPower(false);
    expect(await bmc?.power()).toBe(says);
    expect(world.stateOn('host1')).toBe('running (booted)');
  });

  test('that is dead refuses, and one that hangs never answers', async () => {
    const world = new ByHand();
    const bmc = world.datacenter.bmcs.get('host1');
    world.fault({ kind: 'bmc', host: 'host1', fault: 'dead' });
    await expect(bmc?.power()).rejects.toThrow('does not answer');
    world.fault({ kind: 'bmc', host: 'host1', fault: 'hangs' });
    let hasAnswered = false;
    void bmc?.power().then(() => (hasAnswered = true));
    await world.clock.advance(aWhileMs);
    expect(hasAnswered).toBe(false);
  });
});
