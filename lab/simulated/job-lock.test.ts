import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { ManualClock } from './clock.ts';
import { SimulatedDatacenter } from './datacenter.ts';
import { turnOf } from './job-lock.ts';
import { DatacenterSpec } from './spec.ts';

const uuid = SimulatedDatacenter.vmUuid('vm1');

/** vm1 runs on host1, and is on its way to host2 once `move` was called. */
function world() {
  const clock = new ManualClock();
  const spec = DatacenterSpec.parse({
    hosts: [{ name: 'host1' }, { name: 'host2' }],
    vms: [{ name: 'vm1', host: 'host1' }],
  });
  const datacenter = new SimulatedDatacenter(spec, clock);
  const source = datacenter.hostNamed('host1');
  return {
    clock,
    datacenter,
    source,
    target: datacenter.hostNamed('host2'),
    move: (bandwidthMiBps: number) =>
      datacenter.migrate(source, {
        uuid,
        to: 'sim://127.0.0.1:1/host2',
        bandwidthMiBps,
        arrivesPaused: false,
        keepsDefinition: true,
      }),
    /** Lets time pass in small steps, so that what waits for a promise gets its turn. */
    async pass(ms: number): Promise<void> {
      for (let passed = 0; passed < ms; passed += 10) {
        await clock.advance(10);
        await nextTurn();
      }
    },
  };
}

/** Whether a promise has been settled, and how. */
function settled(promise: Promise<unknown>): { is: string } {
  const now = { is: 'waits' };
  void promise.then(
    () => (now.is = 'has its turn'),
    (error: unknown) => (now.is = String(error)),
  );
  return now;
}

describe('the job lock of a migration', () => {
  test.each(['start', 'resume', 'undefine', 'markEpoch', 'shutDown'] as const)(
    'holds %s up at the source until the migration is over',
    async (request) => {
      const { source, move, pass } = world();
      const job = move(200);
      await pass(100);
      const turn = settled(turnOf(source, request, uuid));
      await pass(100);
      expect(turn.is).toBe('waits');
      job.abort();
      await pass(20);
      expect(turn.is).toBe('has its turn');
    },
  );

  test.each(['suspend', 'destroy', 'quit', 'abortMigration', 'migrationProgress', 'sight'] as const)(
    'lets %s through at the source',
    async (request) => {
      const { source, move, pass } = world();
      move(200);
      await pass(100);
      const turn = settled(turnOf(source, request, uuid));
      await pass(20);
      expect(turn.is).toBe('has its turn');
    },
  );

  test.each(['start', 'resume', 'undefine', 'markEpoch', 'shutDown', 'suspend', 'quit', 'migrate'] as const)(
    'holds %s up at the target',
    async (request) => {
      const { target, move, pass } = world();
      move(200);
      await pass(100);
      const turn = settled(turnOf(target, request, uuid));
      await pass(100);
      expect(turn.is).toBe('waits');
    },
  );

  test('is waited for half a minute', async () => {
    const { source, move, pass } = world();
    move(10);
    await pass(100);
    const turn = settled(turnOf(source, 'resume', uuid));
    await pass(29_900);
    expect(turn.is).toBe('waits');
    await pass(200);
    expect(turn.is).toContain('Timed out during operation: cannot acquire state change lock');
  });

  test('gives no turn to an order that a host forgot when its libvirtd was started again', async () => {
    const { datacenter, source, move, pass } = world();
    move(200);
    await pass(100);
    const turn = settled(turnOf(source, 'resume', uuid));
    datacenter.restartDaemon('host1');
    await pass(1000);
    expect(source.copies.get(uuid)?.job).toBeUndefined();
    expect(turn.is).toBe('waits');
  });
});

test('a VM whose process is torn down answers nothing until it has ended', async () => {
  const { source, pass } = world();
  source.quit(uuid, { kind: 'drover', party: 'worker', call: 'quit' });
  await pass(100);
  const turn = settled(turnOf(source, 'sight', uuid));
  await pass(1000);
  expect(turn.is).toBe('waits');
  await pass(200);
  expect(turn.is).toBe('has its turn');
  expect(source.sight(uuid)).toMatchObject({ state: 'off', stateReason: 'shutdown' });
});
