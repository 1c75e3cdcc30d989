/**
 * Copies of a VM that writes while it is copied, on real hosts: one that a longer halt ends, one that nothing ends, and
 * those that are canceled at their begin, in their middle and near their end.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import type { LibvirtClient } from '../../activities/hosts/libvirt/client.ts';
import { OperationCanceled, OperationFailed } from '../../client/errors.ts';
import type { Operation } from '../../client/operation.ts';
import { startDrover, type RunningDrover } from '../../demo/drover-process.ts';
import type { LabHost } from '../../lab/lab.ts';
import { setDirty } from '../../lab/load.ts';
import type { MigrateVmRequest, MigrateVmResult } from '../../model/migrate-vm.ts';
import { labHosts, labVm, sharedLab } from '../support/lab.ts';
import { knownOn, runningOn, virsh } from '../support/world.ts';
import { openHost } from './libvirt/lab-hosts.ts';

const vm = labVm();
const hosts = labHosts();
const noProgressSeconds = 5;
let folder: string;
let running: RunningDrover;

beforeAll(async () => {
  await sharedLab().up();
  folder = mkdtempSync(join(tmpdir(), 'drover-convergence-'));
  const settings = parse(readFileSync(sharedLab().droverYamlPath, 'utf8')) as { migrations?: object };
  const file = join(folder, 'drover.yaml');
  const migrations = { ...settings.migrations, noProgressAtLongestSeconds: noProgressSeconds };
  writeFileSync(file, stringify({ ...settings, migrations }));
  running = await startDrover(file);
});

afterEach(() => setDirty(vm, 0));

afterAll(async () => {
  await running.stop();
  rmSync(folder, { recursive: true });
  await sharedLab().up();
});

interface Way {
  readonly from: LabHost;
  readonly operation: Operation<MigrateVmResult>;
}

/** Begins to move the VM to another host. */
async function move(input: Omit<MigrateVmRequest, 'vm' | 'to'>): Promise<Way> {
  const [name] = await runningOn(hosts, vm.uuid);
  const from = hosts.find((host) => host.name === name);
  const to = hosts.find((host) => host.name !== name);
  if (!from || !to) throw new Error(`${vm.name} runs nowhere`);
  const operation = await running.drover.start('migrateVm', { vm: vm.name, to: to.name, ...input });
  return { from, operation };
}

/** The VM writes so much over and over that a halt of 1.4 s is needed at this rate, whatever CPU it gets. */
const bandwidthMiBps = 15;
const writtenMiB = 20;

/** The VM runs at one host, which alone knows it, and no migration is left there; it answers. */
async function expectAtRest(): Promise<string> {
  const at = await runningOn(hosts, vm.uuid);
  expect(at).toHaveLength(1);
  expect(await knownOn(hosts, vm.uuid)).toEqual(at);
  const host = hosts.find(({ name }) => name === at[0]);
  if (!host) throw new Error(`no host ${at[0]}`);
  expect(await virsh(host, 'domjobinfo', vm.uuid)).toMatch(/Job type:\s+None/);
  expect((await fetch(`http://${vm.address}/`)).ok).toBe(true);
  return host.name;
}

// The halt itself is shorter than what had to be allowed: QEMU copies the last memory as fast as the network takes it.
test('a copy that does not converge is allowed a longer halt, and ends', async () => {
  await setDirty(vm, writtenMiB);
  const { from, operation } = await move({ bandwidthMiBps, maxDowntimeMs: 5000 });
  const result = await operation.result();
  expect(result).toMatchObject({ outcome: 'moved', from: from.name });
  expect(await expectAtRest()).toBe(result.to);
});

test('the same copy, for which no halt that is allowed is long enough is aborted, and says what would do', async () => {
  await setDirty(vm, writtenMiB);
  const { from, operation } = await move({ bandwidthMiBps, maxDowntimeMs: 300 });
  const failure = await operation.result().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(OperationFailed);
  expect(failure).toMatchObject({ type: 'MigrationAborted' });
  expect((failure as OperationFailed).message).toMatch(
    /no nearer to its end for 5 s .*300 are allowed at most \(maxDowntimeMs\).*try a maxDowntimeMs of \d+, more bandwidthMiBps than 15/,
  );
  expect(await expectAtRest()).toBe(from.name);
});

test.each([
  ['at its begin', 0, ['canceled']],
  ['in its middle', 0.5, ['canceled']],
  ['near its end', 0.99, ['canceled', 'moved']],
])('a move that is canceled %s ends, and the VM runs where it says', async (_, part, endings) => {
  const [name] = await runningOn(hosts, vm.uuid);
  const source = hosts.find((host) => host.name === name);
  if (!source) throw new Error(`${vm.name} runs nowhere`);
  await using client = await openHost(source);
  const { from, operation } = await move({ bandwidthMiBps: 30 });
  await expect.poll(() => copied(client), { timeout: 60_000, interval: 20 }).toBeGreaterThanOrEqual(part);
  await operation.cancel();
  const ending = await operation.result().then(
    ({ outcome, to }) => ({ outcome, at: to }),
    (error: unknown) => ({ outcome: error instanceof OperationCanceled ? 'canceled' : error, at: from.name }),
  );
  expect(endings).toContain(ending.outcome);
  expect(await expectAtRest()).toBe(ending.at);
});

/** Which part of the memory an outgoing migration has gone over in its first pass; -1 when none runs. */
async function copied(client: LibvirtClient): Promise<number> {
  const { type, parameters } = await client.jobStats(await client.domainByUuid(vm.uuid));
  const total = Number(parameters['memory_total'] ?? 0);
  if (type === 'none' || total === 0) return -1;
  if (Number(parameters['memory_iteration'] ?? 1) > 1) return 1;
  return 1 - Number(parameters['memory_remaining'] ?? total) / total;
}
