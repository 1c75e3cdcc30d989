/** `migrateVm` on real hosts: its endings, each judged by asking both hosts and a client of the VM. */
import type { Client } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { OperationCanceled, OperationFailed } from '../../client/errors.ts';
import type { RunningDrover } from '../../demo/drover-process.ts';
import { SteadyClient, waitFor } from '../../demo/traffic.ts';
import type { LabHost } from '../../lab/lab.ts';
import type { MigrateVmRequest } from '../../model/migrate-vm.ts';
import { pidOf, record, startSharedDrover, temporalClient } from '../support/drover.ts';
import { labHosts, labVm, sharedLab } from '../support/lab.ts';
import { knownOn, runningOn, stateOn, virsh } from '../support/world.ts';

let running: RunningDrover;
let temporal: Client;
const vm = labVm();
const hosts = labHosts();
const other = (name: string): LabHost => hosts.find((host) => host.name !== name) ?? fail('no other host');
const othersThan = (name: string): string[] => hosts.map((host) => host.name).filter((each) => each !== name);
const fail = (message: string): never => {
  throw new Error(message);
};

beforeAll(async () => {
  running = await startSharedDrover();
  temporal = await temporalClient();
});

afterAll(async () => {
  await temporal.connection.close();
  await running.stop();
});

afterEach(async () => {
  // Whatever a test did, one copy runs and nothing is left behind.
  const where = await runningOn(hosts, vm.uuid);
  if (where.length !== 1) fail(`${vm.name} runs on ${where.length} hosts: ${where.join(', ')}`);
});

async function home(): Promise<LabHost> {
  const [name] = await runningOn(hosts, vm.uuid);
  return hosts.find((host) => host.name === name) ?? fail(`${vm.name} runs nowhere`);
}

const migrate = (input: MigrateVmRequest) => running.drover.start('migrateVm', input);

/** Waits until libvirt reports that memory is being copied. */
function copying(workflowId: string): Promise<true> {
  return waitFor('progress of the copy', 30, async () => {
    const { progress } = await running.drover.operation(workflowId).look();
    return (progress?.processedBytes ?? 0) > 0 ? true : undefined;
  });
}

async function failure(promise: Promise<unknown>): Promise<OperationFailed> {
  const error = await promise.then(
    (result) => fail(`it did not fail: ${JSON.stringify(result)}`),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof OperationFailed)) throw error;
  return error;
}

describe('a move', () => {
  test('ends with one running copy, persistent at the target, nothing at the source, and no failed request', async () => {
    const from = await home();
    const to = other(from.name);
    const client = new SteadyClient(`http://${vm.address}/`, 10);
    client.start();
    const operation = await migrate({ vm: vm.name, to: to.name, reason: 'a test' });
    const result = await operation.result();
    const { failed, failures, requests } = await client.stop();
    expect(result).toMatchObject({ outcome: 'moved', from: from.name, to: to.name, reason: 'a test' });
    expect(await stateOn(to, vm.uuid)).toMatch(/^running/);
    expect(await knownOn(hosts, vm.uuid)).toEqual([to.name]);
    expect(await virsh(to, 'list', '--all', '--persistent', '--uuid')).toContain(vm.uuid);
    expect(result.figures.downtimeMs).toBeGreaterThan(0);
    expect(result.figures.copiedBytes).toBeGreaterThan(1024 ** 2);
    expect({ failed, failures, some: requests > 0 }).toEqual({ failed: 0, failures: [], some: true });
    await record(temporal, 'migrate-vm-moved', operation.workflowId);
  });

  test('chooses the host itself, and a dry run changes nothing', async () => {
    const from = await home();
    const operation = await migrate({ vm: vm.name, dryRun: true });
    const plan = await operation.result();
    expect(plan).toMatchObject({ outcome: 'planned', from: from.name });
    expect(othersThan(from.name)).toContain(plan.to);
    expect(plan.placement?.candidates.map(({ host }) => host).toSorted()).toEqual(
      hosts.map(({ name }) => name).toSorted(),
    );
    expect(await knownOn(hosts, vm.uuid)).toEqual([from.name]);
    await record(temporal, 'migrate-vm-dry-run', operation.workflowId);
  });

  test('that is canceled leaves the VM running at the source, with no job and nothing at the target', async () => {
    const from = await home();
    const operation = await migrate({ vm: vm.name, to: other(from.name).name, bandwidthMiBps: 4 });
    await copying(operation.workflowId);
    await operation.cancel();
    await expect(operation.result()).rejects.toBeInstanceOf(OperationCanceled);
    expect(await runningOn(hosts, vm.uuid)).toEqual([from.name]);
    expect(await knownOn(hosts, vm.uuid)).toEqual([from.name]);
    expect(await virsh(from, 'domjobinfo', vm.uuid)).toMatch(/Job type:\s+None/);
    await record(temporal, 'migrate-vm-canceled', operation.workflowId);
  });

  test('outlives its worker: the retry re-attaches to the running job and starts no second', async () => {
    const from = await home();
    const to = other(from.name);
    const operation = await migrate({ vm: vm.name, to: to.name, bandwidthMiBps: 4 });
    await copying(operation.workflowId);
    const copied = await virsh(from, 'domjobinfo', vm.uuid);
    process.kill(pidOf('worker'), 'SIGKILL');
    const result = await operation.result();
    expect(copied).toMatch(/Outgoing migration/);
    expect(result).toMatchObject({ outcome: 'moved', to: to.name });
    expect(await knownOn(hosts, vm.uuid)).toEqual([to.name]);
    const history = await temporal.workflow.getHandle(operation.workflowId).fetchHistory();
    const attempts = (history.events ?? []).flatMap(({ activityTaskStartedEventAttributes: started }) =>
      started ? [started.attempt ?? 0] : [],
    );
    expect(Math.max(...attempts)).toBeGreaterThan(1);
    const report = JSON.stringify(
      history.events?.map(({ activityTaskCompletedEventAttributes: ended }) =>
        ended?.result?.payloads?.map(({ data }) => Buffer.from(data ?? []).toString()),
      ),
    );
    expect(report).toContain(String.raw`\"reattached\":true`);
    await record(temporal, 'migrate-vm-reattached', operation.workflowId);
  });

  test('that takes longer than its time is aborted, and says so', async () => {
    const from = await home();
    const operation = await migrate({
      vm: vm.name,
      to: other(from.name).name,
      bandwidthMiBps: 1,
      timeoutSeconds: 10,
    });
    const error = await failure(operation.result());
    expect(error.type).toBe('MigrationAborted');
    expect(error.message).toMatch(/not done after 10 s/);
    expect(await knownOn(hosts, vm.uuid)).toEqual([from.name]);
    await record(temporal, 'migrate-vm-aborted', operation.workflowId);
  });

  test('of a VM that is being moved already is refused, with the name of the other operation', async () => {
    const from = await home();
    const first = await migrate({ vm: vm.name, to: other(from.name).name, bandwidthMiBps: 4 });
    await copying(first.workflowId);
    const second = await migrate({ vm: vm.name });
    const error = await failure(second.result());
    expect(error.type).toBe('VmBusy');
    expect(error.message).toContain(first.workflowId);
    await record(temporal, 'migrate-vm-busy', second.workflowId);
    await first.cancel();
    await expect(first.result()).rejects.toBeInstanceOf(OperationCanceled);
  });

  test('for an alert whose cause is gone ends with nothing to do', async () => {
    const from = await home();
    const operation = await migrate({ vm: vm.name, onlyIfStarved: true });
    expect(await operation.result()).toMatchObject({ outcome: 'nothingToDo' });
    expect(await knownOn(hosts, vm.uuid)).toEqual([from.name]);
    await record(temporal, 'migrate-vm-nothing-to-do', operation.workflowId);
  });
});

describe('a refusal changes nothing and says why', () => {
  test('the host it is on', async () => {
    const from = await home();
    const operation = await migrate({ vm: vm.name, to: from.name });
    const error = await failure(operation.result());
    expect(error.type).toBe('CheckFailed');
    expect(error.message).toContain(`on ${from.name} already`);
    expect(error.details).toMatchObject({ findings: [{ code: 'sameHost' }] });
    await record(temporal, 'migrate-vm-refused', operation.workflowId);
  });

  test('an unknown VM and an unknown host', async () => {
    expect(await failure((await migrate({ vm: 'nosuch' })).result())).toMatchObject({ type: 'UnknownVm' });
    const error = await failure((await migrate({ vm: vm.name, to: 'nohost' })).result());
    expect(error).toMatchObject({ type: 'UnknownHost' });
    expect(error.message).toContain(hosts.map(({ name }) => name).join(', '));
  });

  test.each([
    ['null', null],
    ['an array', [{ vm: 'web1' }]],
    ['a text', 'web1'],
    ['no VM', {}],
    ['an unknown key', { vm: 'web1', host: 'host2' }],
    ['a negative number', { vm: 'web1', maxDowntimeMs: -1 }],
    ['a text for a number', { vm: 'web1', timeoutSeconds: '60' }],
    ['a name with spaces', { vm: 'web 1' }],
    ['a leading dash', { vm: '--all' }],
    ['quotes', { vm: `web'"1` }],
    ['XML', { vm: '<name>web1</name>' }],
    ['a newline', { vm: 'web1\nweb2' }],
    ['all digits', { vm: '13' }],
    ['300 characters', { vm: 'a'.repeat(300) }],
    ["another script's letters", { vm: 'сервер' }],
    ['a UUID', { vm: '7c6b7a24-79c7-5d25-b69e-c823ca1e3f58' }],
    ['a hostile target', { vm: 'web1', to: 'x/system?command=/bin/sh' }],
  ])('input: %s', async (_, input) => {
    const workflowId = `bad-input/${Date.now()}`;
    await temporal.workflow.start('migrateVm', { workflowId, taskQueue: 'drover', args: [input] });
    const error = await failure(running.drover.operation(workflowId).result());
    expect(error.type).toBe('InvalidInput');
    expect(error.message).toContain('allowed keys: vm, to,');
  });

  test('a target that does not answer, by name and by choice', async () => {
    const from = await home();
    const away = other(from.name);
    const lab = sharedLab();
    // None that could be chosen answers.
    await Promise.all(othersThan(from.name).map((name) => lab.isolate(name)));
    try {
      const named = await failure((await migrate({ vm: vm.name, to: away.name })).result());
      expect(named).toMatchObject({ type: 'CheckFailed' });
      expect(named.message).toContain(`${away.name} does not answer`);
      const chosen = await failure((await migrate({ vm: vm.name })).result());
      expect(chosen).toMatchObject({ type: 'NoHostFits' });
      expect(await runningOn([from], vm.uuid)).toEqual([from.name]);
    } finally {
      await Promise.all(othersThan(from.name).map((name) => lab.heal(name)));
    }
  });

  test('a copy of the definition on the target', async () => {
    const from = await home();
    const away = other(from.name);
    await defineOn(away, vm.name, vm.uuid);
    try {
      const result = await (await migrate({ vm: vm.name, to: away.name, dryRun: true })).result();
      expect(result.outcome).toBe('blocked');
      expect(result.findings).toContainEqual(
        expect.objectContaining({ severity: 'error', code: 'severalCopies' }),
      );
    } finally {
      await virsh(away, 'undefine', '--domain', vm.uuid);
    }
  });

  test('a local disk, local media and a missing network, each by its name, all at once', async () => {
    const from = await home();
    const uuid = '5e0d6a5c-0000-4000-8000-00000000000b';
    const name = 'local1';
    await defineOn(from, name, uuid, [
      `<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/var/lib/libvirt/local1.img'/><target dev='vda' bus='virtio'/></disk>`,
      `<disk type='file' device='cdrom'><source file='/var/lib/libvirt/install.iso'/><target dev='sda' bus='sata'/><readonly/></disk>`,
      `<interface type='bridge'><source bridge='brmissing'/></interface>`,
    ]);
    try {
      const result = await (await migrate({ vm: name, dryRun: true })).result();
      expect(result.outcome).toBe('blocked');
      const codes = result.findings.filter(({ severity }) => severity === 'error').map(({ code }) => code);
      expect(codes).toEqual(expect.arrayContaining(['vmNotRunning', 'diskLocal', 'localMedia']));
      expect(result.findings.map(({ message }) => message).join('\n')).toMatch(/vda of local1 .*local1\.img/);
      expect(JSON.stringify(result.placement)).toContain('brmissing');
    } finally {
      await virsh(from, 'undefine', '--domain', uuid);
    }
  });
});

async function defineOn(
  host: LabHost,
  name: string,
  uuid: string,
  devices: readonly string[] = [],
): Promise<void> {
  const { writeFileSync, mkdtempSync, rmSync } = await import('node:fs');
  const folder = mkdtempSync('/tmp/drover-test-');
  const file = `${folder}/domain.xml`;
  writeFileSync(
    file,
    `<domain type='qemu'>\n<name>${name}</name>\n<uuid>${uuid}</uuid><memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os><devices>${devices.join('')}</devices></domain>`,
  );
  try {
    await virsh(host, 'define', file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
