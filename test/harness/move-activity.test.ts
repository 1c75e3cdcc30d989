/** One move of a VM, attempt by attempt: what each leaves behind, and what the next makes of it. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { bring } from '../../lab/simulated/faults.ts';
import { untilQuiet } from './at-rest.ts';
import { MoveStage } from './move-stage.ts';

vi.setConfig({ testTimeout: 30_000 });

let stage: MoveStage;
beforeEach(async () => {
  stage = await MoveStage.open();
});
afterEach(() => stage?.[Symbol.asyncDispose]());

/** What must hold at the end of every test: the referee saw nothing that may not be. */
async function expectNothingWrong({ restarted = false } = {}): Promise<void> {
  expect(await untilQuiet(stage.server.datacenter)).toBeUndefined();
  const operations = [{ workflowId: 'test', vm: 'vm1', ending: 'moved', restartedFromDisk: restarted }];
  expect(stage.server.referee.audit({ operations, triggers: [], held: [] })).toEqual([]);
}

test('a running VM moves, and the quit of its source is noted before it', async () => {
  const notesAtQuit = stage.hold({ kind: 'call', call: 'quit', nth: 1, phase: 'before' });
  const { end } = stage.attempt();
  const letGo = await notesAtQuit;
  expect(stage.notes).toEqual(['mayHaveQuit']);
  letGo();
  expect(await end).toMatchObject({ outcome: 'moved', reattached: false });
  expect(stage.stateOn('host1')).toBeUndefined();
  expect(stage.stateOn('host2')).toMatch(/^running/);
  await expectNothingWrong();
});

test('a VM that a person had paused arrives paused and stays so', async () => {
  bring(stage.server.datacenter, { kind: 'person', order: 'suspend', vm: 'vm1' });
  expect(await stage.attempt().end).toMatchObject({
    outcome: 'moved',
    reason: expect.stringContaining('left paused'),
  });
  expect(stage.stateOn('host1')).toBeUndefined();
  expect(stage.stateOn('host2')).toBe('paused (user)');
  expect(stage.notes).toContain('targetIsLatest');
});

test('one that a person pauses as soon as it runs at the target is left so, and is not booted anew', async () => {
  const resumed = stage.hold({ kind: 'call', call: 'resume', host: 'host2', nth: 1, phase: 'after' });
  const { end } = stage.attempt();
  const letGo = await resumed;
  bring(stage.server.datacenter, { kind: 'person', order: 'suspend', vm: 'vm1', host: 'host2' });
  letGo();
  expect(await end).toMatchObject({ outcome: 'moved', reason: expect.stringContaining('halted') });
  expect(stage.stateOn('host1')).toBeUndefined();
  expect(stage.stateOn('host2')).toBe('paused (user)');
  expect(calls('start')).toBe(0);
  await expectNothingWrong();
});

test('nor by the next attempt, where the first has died', async () => {
  const undefining = stage.hold({ kind: 'call', call: 'undefine', host: 'host1', nth: 1, phase: 'before' });
  const first = stage.attempt();
  const letGo = await undefining;
  await expect.poll(() => stage.notes).toContain('ranAtTarget');
  first.die();
  letGo();
  bring(stage.server.datacenter, { kind: 'person', order: 'suspend', vm: 'vm1', host: 'host2' });
  expect(await stage.attempt().end).toMatchObject({ outcome: 'moved' });
  expect(stage.stateOn('host1')).toBeUndefined();
  expect(stage.stateOn('host2')).toBe('paused (user)');
  expect(calls('start')).toBe(0);
  await expectNothingWrong();
});

test('one that a person pauses as soon as it was started from its disk is left so', async () => {
  await quitUnseen();
  const started = stage.hold({ kind: 'call', call: 'start', host: 'host2', nth: 1, phase: 'after' });
  const { end } = stage.attempt();
  const letGo = await started;
  bring(stage.server.datacenter, { kind: 'person', order: 'suspend', vm: 'vm1', host: 'host2' });
  letGo();
  expect(await end).toMatchObject({
    outcome: 'moved',
    reason: expect.stringContaining('restarted from disk'),
  });
  expect(stage.stateOn('host2')).toBe('paused (user)');
});

test('one that died with the proof of a paused VM is followed by one that leaves it paused', async () => {
  bring(stage.server.datacenter, { kind: 'person', order: 'suspend', vm: 'vm1' });
  const undefining = stage.hold({ kind: 'call', call: 'undefine', nth: 1, phase: 'after' });
  const first = stage.attempt();
  const letGo = await undefining;
  first.die();
  letGo();
  expect(stage.stateOn('host1')).toBeUndefined();
  expect(await stage.attempt().end).toMatchObject({ outcome: 'moved' });
  expect(stage.stateOn('host2')).toBe('paused (user)');
});

/** The source was told to quit, and nobody saw it end; nor did libvirt have its last reply, by which it would know why. */
async function quitUnseen(): Promise<void> {
  bring(stage.server.datacenter, { kind: 'migration', vm: 'vm1', losesLastReply: true });
  const quitting = stage.hold({ kind: 'call', call: 'quit', nth: 1, phase: 'after' });
  const first = stage.attempt();
  const letGo = await quitting;
  first.die();
  letGo();
  expect(await untilQuiet(stage.server.datacenter)).toBeUndefined();
}

test('whose source ended unseen is started from its disk, once, and says so', async () => {
  await quitUnseen();
  expect(stage.stateOn('host1')).toBe('shut off (shutdown)');
  expect(stage.stateOn('host2')).toBe('paused (user)');
  const { outcome, reason } = await stage.attempt().end;
  expect(outcome).toBe('moved');
  expect(reason).toContain('restarted from disk');
  expect(stage.stateOn('host1')).toBeUndefined();
  expect(stage.stateOn('host2')).toBe('running (booted)');
  expect(stage.notes).toContain('mayHaveRestarted');
  await expectNothingWrong({ restarted: true });
});

test('one that died when it had started the VM from its disk is followed by one that says so', async () => {
  await quitUnseen();
  const starting = stage.hold({ kind: 'call', call: 'start', nth: 1, phase: 'after' });
  const second = stage.attempt();
  const letGo = await starting;
  second.die();
  letGo();
  expect((await stage.attempt().end).reason).toContain('restarted from disk');
  expect(stage.stateOn('host2')).toBe('running (booted)');
  await expectNothingWrong({ restarted: true });
});

test('a target that refuses to start it leaves that to the source', async () => {
  await quitUnseen();
  stage.server.traps.set({
    id: 'no start',
    place: { kind: 'call', call: 'start', host: 'host2', nth: 1, phase: 'before' },
    action: { kind: 'refuse', message: 'no room' },
  });
  expect(await stage.attempt().end).toMatchObject({
    outcome: 'stayed',
    reason: expect.stringContaining('restarted from disk'),
  });
  expect(stage.stateOn('host1')).toBe('running (booted)');
  expect(stage.stateOn('host2')).toBeUndefined();
});

test('a host that does not allow the epoch to be written is not asked again and again', async () => {
  stage.server.traps.set({
    id: 'forbidden',
    place: { kind: 'call', call: 'markEpoch', host: 'host1', nth: 1, phase: 'before' },
    action: { kind: 'refuse', code: 'OPERATION_DENIED', message: 'read only access prevents that' },
  });
  await expect(stage.attempt().end).rejects.toMatchObject({
    type: 'MigrationAborted',
    nonRetryable: true,
    message: expect.stringContaining('read only access'),
  });
  expect(stage.stateOn('host1')).toMatch(/^running/);
  expect(calls('migrate')).toBe(0);
});

test('one wrong answer of a host does not start a second copy', async () => {
  stage.server.traps.set({
    id: 'lie',
    place: { kind: 'call', call: 'sight', host: 'host2', nth: 2, phase: 'after' },
    action: { kind: 'lie' },
  });
  expect(await stage.attempt().end).toMatchObject({ outcome: 'moved' });
  expect(stage.stateOn('host2')).toMatch(/^running \(unpaused/);
  await expectNothingWrong();
});

test('whose resume failed after the proof is resumed by the next attempt, and not started anew', async () => {
  stage.server.traps.set({
    id: 'no resume',
    place: { kind: 'call', call: 'resume', host: 'host2', nth: 1, phase: 'before' },
    action: { kind: 'disconnect' },
  });
  await expect(stage.attempt().end).rejects.toThrow(/host2/);
  expect(stage.notes).toContain('targetIsLatest');
  expect(await stage.attempt().end).toMatchObject({ outcome: 'moved' });
  expect(stage.stateOn('host2')).toMatch(/^running \(unpaused/);
  expect(calls('start')).toBe(0);
  await expectNothingWrong();
});

test('whose source libvirt ended as migrated is resumed, and not started anew', async () => {
  stage.beforeConfirm = ({ note }) => (note === 'mayHaveQuit' ? new Promise(() => {}) : Promise.resolve());
  const arrived = stage.hold({ kind: 'migration', moment: 'arrived', nth: 1 });
  const first = stage.attempt();
  const letGo = await arrived;
  first.die();
  letGo();
  expect(await untilQuiet(stage.server.datacenter)).toBeUndefined();
  expect(stage.stateOn('host1')).toBe('shut off (migrated)');
  const { outcome, reason } = await stage.attempt().end;
  expect(outcome).toBe('moved');
  expect(reason).not.toContain('restarted');
  expect(stage.stateOn('host2')).toMatch(/^running/);
  await expectNothingWrong();
});

test('where quit is refused, libvirt’s own end of the source is the proof', async () => {
  stage.server.traps.set({
    id: 'no quit',
    place: { kind: 'call', call: 'quit', nth: 1, phase: 'before' },
    action: { kind: 'refuse', message: 'passthrough is not allowed' },
  });
  expect(await stage.attempt().end).toMatchObject({ outcome: 'moved' });
  expect(stage.stateOn('host2')).toMatch(/^running/);
  await expectNothingWrong();
});

test('where the note of the quit can’t be written in time, nobody quits, and libvirt ends the source', async () => {
  stage.beforeConfirm = ({ note }) => (note === 'mayHaveQuit' ? new Promise(() => {}) : Promise.resolve());
  expect(await stage.attempt().end).toMatchObject({ outcome: 'moved' });
  expect(calls('quit')).toBe(0);
  expect(stage.stateOn('host2')).toMatch(/^running/);
  await expectNothingWrong();
});

test('where libvirt lost its last reply and nobody quit in time, the VM stays, and the stale copy is ended', async () => {
  bring(stage.server.datacenter, { kind: 'migration', vm: 'vm1', losesLastReply: true });
  stage.beforeConfirm = ({ note }) => (note === 'mayHaveQuit' ? new Promise(() => {}) : Promise.resolve());
  expect(await stage.attempt().end).toMatchObject({ outcome: 'stayed' });
  expect(stage.stateOn('host1')).toMatch(/^running/);
  expect(stage.stateOn('host2')).toBeUndefined();
  await expectNothingWrong();
});

test('a note of the quit that comes when the source has run on ends nothing', async () => {
  bring(stage.server.datacenter, { kind: 'migration', vm: 'vm1', losesLastReply: true });
  const { promise: late, resolve } = Promise.withResolvers<void>();
  stage.beforeConfirm = ({ note }) => (note === 'mayHaveQuit' ? late : Promise.resolve());
  const ending = stage.hold({ kind: 'call', call: 'destroy', host: 'host2', nth: 1, phase: 'before' });
  const { end } = stage.attempt();
  const letGo = await ending;
  expect(stage.stateOn('host1')).toMatch(/^running \(migration/);
  resolve();
  await expect.poll(() => stage.notes).toContain('mayHaveQuit');
  letGo();
  expect(await end).toMatchObject({ outcome: 'stayed' });
  expect(await untilQuiet(stage.server.datacenter)).toBeUndefined();
  expect(calls('quit')).toBe(0);
  expect(stage.stateOn('host1')).toMatch(/^running/);
  await expectNothingWrong();
});

test('an attempt that another has followed changes nothing any more', async () => {
  const halfCopied = stage.hold({ kind: 'migration', moment: 'halfCopied', nth: 1 });
  const first = stage.attempt();
  const letGo = await halfCopied;
  const second = stage.attempt();
  await expect.poll(() => stage.record.lease?.attempt).toBe(2);
  letGo();
  expect((await second.end).outcome).toBe('moved');
  // It may have seen the move through as well; what it must not do is end a copy, or fail the move.
  const told = await first.end.then(
    ({ outcome }) => outcome,
    (error: Error) => error.message,
  );
  expect(told).toMatch(/^moved$|may change nothing any more/);
  expect(stage.stateOn('host2')).toMatch(/^running/);
  await expectNothingWrong();
});

test('an operation that was reset in the middle of the copy goes on with its migration', async () => {
  const halfCopied = stage.hold({ kind: 'migration', moment: 'halfCopied', nth: 1 });
  const first = stage.attempt();
  const letGo = await halfCopied;
  first.die();
  const second = stage.attempt({ isReset: true });
  await expect.poll(() => stage.record.lease?.attempt).toBe(2);
  letGo();
  expect(await second.end).toMatchObject({ outcome: 'moved', reattached: true });
  expect(calls('migrate')).toBe(1);
  expect(stage.stateOn('host2')).toMatch(/^running/);
  await expectNothingWrong();
});

test('one whose lease is another’s does nothing at all', async () => {
  const { lease } = stage.record;
  if (!lease) throw new Error('no lease');
  stage.record = { ...stage.record, lease: { ...lease, epoch: lease.epoch + 1 } };
  await expect(stage.attempt().end).rejects.toThrow('may change nothing any more');
  expect(calls('migrate')).toBe(0);
  expect(stage.stateOn('host1')).toMatch(/^running/);
});

test('what an earlier attempt has aborted is not begun anew', async () => {
  stage.attempt().die();
  const copied = { elapsedMs: 9000, totalBytes: 1, processedBytes: 1, remainingBytes: 1, bytesPerSecond: 1 };
  const earlier = {
    ...copied,
    dirtyBytesPerSecond: 2,
    iteration: 9,
    aborting: { kind: 'budget', reason: 'the copy was not done after 9 s' },
  } as const;
  expect(await stage.attempt({ earlier }).end).toMatchObject({
    outcome: 'stayed',
    cause: 'the copy was not done after 9 s',
    fault: 'vm',
  });
  expect(calls('migrate')).toBe(0);
});

test('a VM that bears a later epoch is left alone', async () => {
  await using session = await stage.session('host1');
  await session.markEpoch(stage.uuid, stage.epoch + 1);
  await expect(stage.attempt().end).rejects.toThrow('a later epoch');
  expect(calls('migrate')).toBe(0);
  expect(stage.stateOn('host1')).toMatch(/^running/);
});

test('a source whose daemon forgot the migration that halted it goes on, when the target has nothing', async () => {
  const switched = stage.hold({ kind: 'migration', moment: 'switchedOver', nth: 1 });
  const first = stage.attempt();
  const letGo = await switched;
  first.die();
  bring(stage.server.datacenter, { kind: 'restartDaemon', host: 'host1' });
  bring(stage.server.datacenter, { kind: 'crashGuest', vm: 'vm1', host: 'host2' });
  letGo();
  expect(await stage.attempt({ endNow: true }).end).toMatchObject({ outcome: 'stayed' });
  expect(stage.stateOn('host1')).toMatch(/^running/);
});

function calls(name: string): number {
  return stage.server.datacenter.journal.entries.filter(
    (entry) =>
      entry.kind === 'call' && entry.call === name && entry.party === 'worker' && entry.outcome === 'asked',
  ).length;
}
