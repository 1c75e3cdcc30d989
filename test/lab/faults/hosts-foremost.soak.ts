/** What goes wrong on the hosts in mid-move, on three real hosts: it ends by itself, with one copy and nothing left. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, onTestFinished, test } from 'vitest';
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
  test("M1 the source's libvirtd is killed", async () => {
    const move = await Move.prepare(stage);
    await move.begin(slowly);
    await move.copied();
    await stage.lab.killLibvirtd(move.source.name);
    await stage.lab.startLibvirtd(move.source.name);
    const { seen } = await expectEnd(move, ['moved', 'stayed']);
    expect(seen.failures).toEqual({});
  });

  test("M2 the target's libvirtd is killed", async () => {
    const move = await Move.prepare(stage);
    await move.begin(slowly);
    await move.copied();
    await stage.lab.killLibvirtd(move.target.name);
    await stage.lab.startLibvirtd(move.target.name);
    const { seen } = await expectEnd(move, ['moved', 'stayed']);
    expect(seen.failures).toEqual({});
  });

  test('M4 the guest crashes: the end says so, and the next move goes well', async () => {
    const move = await Move.prepare(stage);
    await move.begin(slowly);
    await move.copied();
    process.kill(qemuOf(move.source, stage.vm.name), 'SIGKILL');
    const { end, ...world } = await move.end();
    expect(end).toMatchObject({ exitCode: 1, text: expect.stringMatching(/crashed/) });
    expect(world).toMatchObject({ runsOn: [], persistentOn: [move.source.name], twice: [], undone: [] });
    expect(await stateOn(move.source, stage.vm.uuid)).toBe('shut off (crashed)');
    expect(await stateOn(move.target, stage.vm.uuid)).toBeUndefined();

    await virsh(move.source, 'start', '--domain', stage.vm.uuid);
    const next = await Move.prepare(stage);
    await next.begin();
    const { seen } = await expectEnd(next, ['moved']);
    expect(seen.failures).toEqual({});
  });
});

describe('before it begins', () => {
  const other = '5e0d6a5c-0000-4000-8000-00000000000c';

  test.each([
    ['M15 the target has its definition, shut off', (stage: Stage) => [stage.vm.name, stage.vm.uuid]],
    ['M16 the target has another VM of its name', (stage: Stage) => [stage.vm.name, other]],
    ['M16 the target has another VM of its UUID', (stage: Stage) => ['web1b', stage.vm.uuid]],
  ] as const)('%s: refused by name, and nothing is changed', async (_, identity) => {
    const move = await Move.prepare(stage);
    const [name = '', uuid = ''] = identity(stage);
    await defineOn(move.target, name, uuid);
    await move.begin();
    const end = await stage.cli('watch', move.operation.workflowId);
    expect(end).toMatchObject({ exitCode: 3, text: expect.stringContaining(move.target.name) });
    expect(await stateOn(move.target, uuid)).toMatch(/^shut off/);
    await virsh(move.target, 'undefine', '--domain', uuid);
    expectUntouched(await move.look(), move.source);
  });

  test('M17 it runs at the target as well: everything stops, and both are named', async () => {
    const move = await Move.prepare(stage);
    await defineOn(move.target, stage.vm.name, stage.vm.uuid);
    await virsh(move.target, 'start', '--domain', stage.vm.uuid);
    await move.begin();
    const end = await stage.cli('watch', move.operation.workflowId);
    expect(end.exitCode).not.toBe(0);
    expect(end.text).toContain(move.source.name);
    expect(end.text).toContain(move.target.name);
    expect(await stateOn(move.target, stage.vm.uuid)).toMatch(/^running/);
    await virsh(move.target, 'destroy', '--domain', stage.vm.uuid);
    await virsh(move.target, 'undefine', '--domain', stage.vm.uuid);
    // Nobody acts on the VM before a person had it settled.
    expect(await stage.cli('settle', stage.vm.name)).toMatchObject({ exitCode: 0 });
    const { twice, ...world } = await move.look();
    expect(twice).not.toEqual([]); // as was done to it, so that the look is shown to see it
    expectUntouched({ ...world, twice: [] }, move.source);
  });

  test('M23 a person has paused it: it arrives paused, and is left so', async () => {
    const move = await Move.prepare(stage);
    await virsh(move.source, 'suspend', '--domain', stage.vm.uuid);
    await move.begin();
    const { end, ...paused } = await pausedEnd(move);
    expect(end).toMatchObject({ exitCode: 0, text: expect.stringContaining(`to ${move.target.name}`) });
    expect(paused).toEqual({ atSource: undefined, atTarget: 'paused (user)' });
    await virsh(move.target, 'resume', '--domain', stage.vm.uuid);
    await move.users.answered();
    expect(await move.look()).toMatchObject(rightEndOn(move.target.name));
  });
});

async function pausedEnd(move: Move) {
  const end = await stage.cli('watch', move.operation.workflowId);
  return {
    end,
    atSource: await stateOn(move.source, stage.vm.uuid),
    atTarget: await stateOn(move.target, stage.vm.uuid),
  };
}

/** A VM without disk and network, until the test ends. */
async function defineOn(host: LabHost, name: string, uuid: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'drover-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'domain.xml');
  writeFileSync(
    file,
    `<domain type='qemu'><name>${name}</name><uuid>${uuid}</uuid><memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os></domain>`,
  );
  await virsh(host, 'define', file);
  // Where the test got so far it is gone already.
  onTestFinished(async () => void (await virsh(host, 'undefine', '--domain', uuid).catch(() => undefined)));
}
