/**
 * The last reply lost, and the worker killed, frozen or robbed of its operation around the switch-over, on three real
 * hosts: one copy runs, it is the latest, and nothing is left.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, inject, onTestFinished, test } from 'vitest';
import { waitFor } from '../../../demo/traffic.ts';
import { virsh } from '../../support/world.ts';
import { Move, slowly } from './move.ts';
import { lastReply } from './packets.ts';
import { Stage } from './stage.ts';
import { expectEnd, printAbsence } from './verdict.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open(inject('labConfigFile'));
});
afterAll(() => stage?.[Symbol.asyncDispose]());
beforeEach(({ onTestFailed }) => onTestFailed(() => stage.reset(), 120_000));

describe("M9 the reply to libvirt's last step is lost", () => {
  test('the move goes well all the same, and nobody is turned away', async () => {
    const move = await Move.prepare(stage);
    loseLastReply(move);
    await move.begin();
    const { seen } = await expectEnd(move, ['moved']);
    expect(seen.failures).toEqual({});
  });

  test('and the worker is frozen until the source runs again: its work is not undone', async () => {
    const move = await Move.prepare(stage);
    loseLastReply(move);
    const ready = move.hold('ready');
    await move.begin();
    await ready.came;
    stage.worker.process.freeze();
    ready.release();
    await waitFor('the source to run again', 60, async () =>
      (await virsh(move.source, 'domstate', '--domain', stage.vm.uuid)) === 'running' ? true : undefined,
    );
    await move.users.answered();
    stage.peerLine(move.target).mend();
    stage.worker.process.wake();
    const verdict = await expectEnd(move, ['moved', 'stayed']);
    expect(verdict.seen.boots).toBe(1);
  });
});

describe('M10 the only worker is killed', () => {
  test.each([
    ['as the VM is ready at the target', 'ready'],
    ['between the order to quit and its proof', 'proof'],
    ['between the proof and the order to resume', 'orderToResume'],
  ] as const)('%s', async (what, moment) => {
    const move = await Move.prepare(stage);
    const held = move.hold(moment);
    await move.begin();
    await held.came;
    await stage.worker.process.kill();
    held.drop();
    await stage.worker.process.start();
    const verdict = await expectEnd(move, ['moved', 'stayed']);
    expect(verdict.seen.requests).toBeGreaterThan(verdict.seen.waited);
    printAbsence(what, verdict);
  });
});

test("M12 the target's libvirtd is silent and the worker is killed: in doubt, by name, until it answers", async () => {
  const move = await Move.prepare(stage);
  await move.begin(slowly);
  await move.copied();
  freezeLibvirtd(move);
  await stage.worker.process.kill();
  await stage.worker.process.start();
  const said = await waitFor('the operation to say whom it waits for', 90, async () => {
    const { trouble, isRunning } = await move.operation.look();
    if (!isRunning || !trouble) throw new Error(isRunning ? 'nothing' : 'it has ended');
    if (trouble.message.includes(move.target.name)) return trouble.message;
    throw new Error(trouble.message);
  });
  expect(said).toContain('does not answer');
  stage.lab.freezeLibvirtd(move.target.name, false);
  const { seen } = await expectEnd(move, ['moved', 'stayed']);
  expect(seen.failures).toEqual({});
});

/** Between the hosts, for this test: the target's libvirtd answers, and the source never hears it. */
function loseLastReply(move: Move): void {
  const line = stage.peerLine(move.target);
  const reply = line.hold(lastReply);
  void reply.came.then(() => line.cut());
  onTestFinished(() => {
    reply.drop();
    line.mend();
  });
}

function freezeLibvirtd(move: Move): void {
  stage.lab.freezeLibvirtd(move.target.name, true);
  onTestFinished(() => stage.lab.freezeLibvirtd(move.target.name, false));
}
