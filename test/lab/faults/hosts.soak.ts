/** What goes wrong on the hosts, the whole of it: `npm run soak:lab`. */
import { afterAll, beforeAll, beforeEach, describe, expect, inject, onTestFinished, test } from 'vitest';
import { execa } from 'execa';
import { waitFor } from '../../../demo/traffic.ts';
import type { LabHost } from '../../../lab/lab.ts';
import { stateOn, virsh } from '../../support/world.ts';
import { Move, slowly } from './move.ts';
import { Stage } from './stage.ts';
import { expectEnd, expectUntouched, rightEndOn } from './verdict.ts';
import { qemuOf } from './world.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open(inject('labConfigFile'));
});
afterAll(() => stage?.[Symbol.asyncDispose]());
beforeEach(({ onTestFailed }) => onTestFailed(() => stage.reset(), 120_000));

describe('in mid-copy', () => {
  test("M3 the target's QEMU is killed: another host takes the VM", async () => {
    const move = await Move.prepare(stage);
    await move.beginAnywhere(slowly);
    const first = await move.chosen();
    process.kill(qemuOf(first, stage.vm.name), 'SIGKILL');
    const { runsOn, seen } = await expectEnd(move, ['moved']);
    expect(runsOn).not.toContain(move.source.name);
    expect(seen.failures).toEqual({});
  });

  test("M3 the target's QEMU is killed, and a person had named that host", async () => {
    const move = await Move.prepare(stage);
    await move.begin(slowly);
    await move.copied();
    process.kill(qemuOf(move.target, stage.vm.name), 'SIGKILL');
    const { seen } = await expectEnd(move, ['moved', 'stayed']);
    expect(seen.failures).toEqual({});
  });

  test('M5 source and target can no longer reach each other', async () => {
    const move = await Move.prepare(stage);
    await move.begin(slowly);
    await move.copied();
    const heal = await partition(move.source, move.target);
    await withoutJob(move);
    await heal();
    const { seen } = await expectEnd(move, ['moved', 'stayed']);
    expect(seen.boots).toBe(1);
  });

  test('M5 source and target can no longer reach each other, for good: it ends all the same', async () => {
    const move = await Move.prepare(stage);
    await move.begin(slowly);
    await move.copied();
    await partition(move.source, move.target);
    const { seen } = await expectEnd(move, ['stayed']);
    expect(seen.boots).toBe(1);
  }, 400_000);

  test('M6 the control channel alone dies', async () => {
    const move = await Move.prepare(stage);
    await move.begin(slowly);
    await move.copied();
    cutControl(move);
    await withoutJob(move);
    stage.peerLine(move.target).mend();
    const { seen } = await expectEnd(move, ['moved', 'stayed']);
    expect(seen.boots).toBe(1);
  });

  // libvirt 9 waits without end for a peer that takes its connection and says nothing, whatever it is told meanwhile.
  test('M6 the control channel alone dies, and comes back late: until then the move says that it can only wait', async () => {
    const move = await Move.prepare(stage);
    await move.begin(slowly);
    await move.copied();
    cutControl(move);
    const ended = move.operation.result().then(
      () => true as const,
      () => true as const,
    );
    const saysSo = waitFor('it to say so', 250, async () => {
      const { progress } = await move.operation.look();
      return progress?.aborting ? true : undefined;
    });
    await Promise.race([ended, saysSo]);
    stage.peerLine(move.target).mend();
    const { seen } = await expectEnd(move, ['moved', 'stayed']);
    expect(seen.boots).toBe(1);
  }, 400_000);

  test("M11 the target's libvirtd is silent for a while: no move comes late", async () => {
    const move = await Move.prepare(stage);
    await move.begin({ ...slowly, timeoutSeconds: 10 });
    await move.copied();
    stage.lab.freezeLibvirtd(move.target.name, true);
    onTestFinished(() => stage.lab.freezeLibvirtd(move.target.name, false));
    await withoutJob(move);
    stage.lab.freezeLibvirtd(move.target.name, false);
    const { seen } = await expectEnd(move, ['moved', 'stayed']);
    expect(seen.failures).toEqual({});
  });

  test('M19 somebody destroys the copy at the target', async () => {
    const move = await Move.prepare(stage);
    await move.begin(slowly);
    await move.copied();
    await virsh(move.target, 'destroy', '--domain', stage.vm.uuid);
    const { seen } = await expectEnd(move, ['moved', 'stayed']);
    expect(seen.failures).toEqual({});
  });

  test("M19 somebody changes the VM's metadata at the source", async () => {
    const move = await Move.prepare(stage);
    await move.begin(slowly);
    await move.copied();
    const change = execa(
      'virsh',
      [
        '-q',
        '-c',
        move.source.virshUri,
        'metadata',
        stage.vm.uuid,
        'urn:x',
        '--key',
        'x',
        '--set',
        '<note/>',
      ],
      { reject: false },
    );
    const { seen } = await expectEnd(move, ['moved', 'stayed']);
    expect(seen.failures).toEqual({});
    await change;
  });

  test('M20 somebody moves it by virsh as well: libvirt refuses that one', async () => {
    const move = await Move.prepare(stage);
    await move.begin(slowly);
    await move.copied();
    const { exitCode, stderr } = await migrateByVirsh(move.source, move.third);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining('already running') });
    const { seen } = await expectEnd(move, ['moved']);
    expect(seen.failures).toEqual({});
  });

  test('M23 a person pauses it meanwhile: one copy is there, whole', async () => {
    const move = await Move.prepare(stage);
    await move.begin(slowly);
    await move.copied();
    await virsh(move.source, 'suspend', '--domain', stage.vm.uuid);
    const { exitCode, text } = await stage.cli('watch', move.operation.workflowId);
    const states = await Promise.all(stage.hosts.map((host) => stateOn(host, stage.vm.uuid)));
    console.log(`M23, paused in mid-copy: exit code ${exitCode}, ${text}: ${states.join(', ')}`);
    const there = stage.hosts.filter((_, place) => /^(running|paused)/.test(states[place] ?? ''));
    expect(there).toHaveLength(1);
    for (const host of there) await virsh(host, 'resume', '--domain', stage.vm.uuid).catch(() => undefined); // it may run
    await move.users.answered();
    expect(await move.look()).toMatchObject(rightEndOn(there[0]?.name ?? ''));
  });
});

test('M20 somebody else moves it by virsh: named, left alone, and it goes well', async () => {
  const move = await Move.prepare(stage);
  const theirs = migrateByVirsh(move.source, move.third, '--bandwidth', '8');
  await move.copied(4);
  await move.begin();
  const end = await stage.cli('watch', move.operation.workflowId);
  expect(end).toMatchObject({ exitCode: 3, text: expect.stringMatching(/VmBusy|vmBusy|CheckFailed/) });
  expect(await theirs).toMatchObject({ exitCode: 0 });
  expect(await move.look()).toMatchObject(rightEndOn(move.third.name));
});

describe('M18 the target lacks what the VM needs', () => {
  test('its disk', async () => {
    const move = await Move.prepare(stage);
    await onHost(move.target, 'ip', 'link', 'set', 'eth1', 'down');
    onTestFinished(() => onHost(move.target, 'ip', 'link', 'set', 'eth1', 'up'));
    await move.begin();
    const end = await stage.cli('watch', move.operation.workflowId);
    expect(end).toMatchObject({ exitCode: 3, text: expect.stringMatching(/disk|vda/) });
    expectUntouched(await move.look(), move.source);
  });

  test('the ports of migrations: another host takes the VM', async () => {
    const move = await Move.prepare(stage);
    const planned = await stage.drover.start('migrateVm', { vm: stage.vm.name, dryRun: true });
    const { to } = await planned.result();
    const refuses = stage.hosts.find(({ name }) => name === to) ?? move.target;
    const rule = ['INPUT', '-p', 'tcp', '--dport', '49152:49215', '-j', 'REJECT'];
    await onHost(refuses, 'iptables', '-A', ...rule);
    onTestFinished(() => onHost(refuses, 'iptables', '-D', ...rule));
    await move.beginAnywhere();
    const { runsOn, seen } = await expectEnd(move, ['moved']);
    expect(runsOn).not.toContain(refuses.name);
    expect(seen.failures).toEqual({});
  });

  test('the ports of migrations, and a person had named that host: the end says which', async () => {
    const move = await Move.prepare(stage);
    const rule = ['INPUT', '-p', 'tcp', '--dport', '49152:49215', '-j', 'REJECT'];
    await onHost(move.target, 'iptables', '-A', ...rule);
    onTestFinished(() => onHost(move.target, 'iptables', '-D', ...rule));
    await move.begin();
    const { end, seen } = await expectEnd(move, ['stayed']);
    expect(end.text).toContain('unable to connect to server');
    expect(seen.failures).toEqual({});
  });
});

/** Neither reaches the other until the answer is called, or the test ends; Drover reaches both. */
async function partition(a: LabHost, b: LabHost): Promise<() => Promise<void>> {
  const rules = [
    [a, b],
    [b, a],
  ].flatMap(([from, to]) => {
    if (!from || !to) return [];
    const port = new URL(stage.peerLine(to).uri).port;
    return [
      { on: from, rule: ['OUTPUT', '-d', to.address, '-j', 'DROP'] },
      { on: from, rule: ['OUTPUT', '-p', 'tcp', '--dport', port, '-j', 'DROP'] },
      { on: from, rule: ['INPUT', '-p', 'tcp', '--sport', port, '-j', 'DROP'] },
    ];
  });
  for (const { on, rule } of rules) await onHost(on, 'iptables', '-A', ...rule);
  const heal = async (): Promise<void> => {
    for (const { on, rule } of rules.splice(0)) await onHost(on, 'iptables', '-D', ...rule);
  };
  onTestFinished(heal);
  return heal;
}

function cutControl(move: Move): void {
  stage.peerLine(move.target).cut();
  onTestFinished(() => stage.peerLine(move.target).mend());
}

/** The source has given its migration up. */
async function withoutJob({ source }: Move): Promise<void> {
  await waitFor('the source to give the migration up', 100, async () =>
    /Job type:\s+None/.test(await virsh(source, 'domjobinfo', '--domain', stage.vm.uuid)) ? true : undefined,
  );
}

function migrateByVirsh(from: LabHost, to: LabHost, ...more: readonly string[]) {
  const how = ['--live', '--persistent', '--undefinesource', '--p2p', '--domain', stage.vm.uuid];
  const uri = ['--migrateuri', `tcp://${to.address}`];
  return execa('virsh', ['-q', '-c', from.virshUri, 'migrate', ...how, to.uri, ...uri, ...more], {
    reject: false,
    env: { LC_ALL: 'C' },
  });
}

async function onHost({ namespace }: LabHost, ...command: readonly string[]): Promise<void> {
  await execa('ip', ['netns', 'exec', namespace, ...command]);
}
