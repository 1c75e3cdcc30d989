/** What happens while a VM is being moved, and hooks that are asked before it. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { MigrateFlag } from '../../../activities/hosts/libvirt/client.ts';
import { CutLine } from '../cut-line.ts';
import { until, type Provocation, type Scene } from './scene.ts';

/** What happens while memory is copied. */
export const copying: Provocation = async (scene) => {
  await using ends = new AsyncDisposableStack();
  const [source, target] = [await scene.open(scene.source), await scene.open(scene.target)];
  ends.defer(() => source.close());
  ends.defer(() => target.close());
  const name = 'refused-copying';
  const during = async (how: string, act: (domain: Awaited<ReturnType<Scene['running']>>) => unknown) => {
    const domain = await scene.running(source, name, { noise: true });
    await scene.refused(how, 'migrate', () => scene.during(source, domain, () => act(domain)));
    await scene.clear();
  };
  await during('the migration is aborted', (domain) => source.abortJob(domain));
  await during("the target's QEMU is killed", () => scene.signal('SIGKILL', scene.target, name));
  await during("the source's QEMU is killed", () => scene.signal('SIGKILL', scene.source, name));
  await during('the VM is destroyed at the source', (domain) => source.destroyDomain(domain));
  await during('the VM is destroyed at the target', (domain) => target.destroyDomain(domain));
  const domain = await scene.running(source, name, { noise: true });
  await scene
    .during(source, domain, async () => {
      await scene.refused('it is being moved already', 'migrate', () => scene.move(domain));
      await scene.refused('it is on its way to this host', 'migrationProgress', async () =>
        target.jobStats(await target.domainByUuid(domain.uuid)),
      );
      // Stopped, the target takes nothing: the copy lasts longer than libvirt lets an order wait.
      scene.signal('SIGSTOP', scene.target, name);
      const waits = 'it is being moved for more than half a minute';
      await Promise.all([
        scene.refused(waits, 'undefine', () => source.undefineDomain(domain)),
        scene.refused(waits, 'resume', () => source.resumeDomain(domain)),
        scene.refused('it is arriving for more than half a minute', 'resume', async () =>
          target.resumeDomain(await target.domainByUuid(domain.uuid)),
        ),
      ]);
      scene.signal('SIGCONT', scene.target, name);
      await source.abortJob(domain);
    })
    .catch(() => undefined);
};

/** Connections that are lost while memory is copied; the lab is made whole after each. */
export const losses: Provocation = async (scene) => {
  await using ends = new AsyncDisposableStack();
  const name = 'refused-lost';
  const during = async (how: string, act: () => Promise<unknown>, mend: () => Promise<unknown>) => {
    const source = await scene.open(scene.source);
    const domain = await scene.running(source, name, { noise: true });
    await scene.refused(how, 'migrate', () => scene.during(source, domain, act));
    await mend();
    await source.close().catch(() => undefined);
    await scene.clear();
  };
  const { lab, target } = scene;
  await during(
    "the target's libvirtd is killed",
    () => lab.killLibvirtd(target.name),
    () => lab.up(),
  );
  await during(
    'the target is cut off',
    () => lab.isolate(target.name),
    () => lab.heal(target.name),
  );
  const control = ['-p', 'tcp', '--sport', '16509', '-j', 'DROP'];
  const inTarget = (...args: string[]) =>
    execa('ip', ['netns', 'exec', target.namespace, 'iptables', ...args, 'OUTPUT', ...control]);
  await during(
    'the control channel is cut',
    () => inTarget('-I'),
    () => inTarget('-D'),
  );
  await until('the target answers', async () => {
    const client = await scene.open(target).catch(() => undefined);
    await client?.close();
    return client !== undefined;
  });
  const source = await scene.open(scene.source);
  ends.defer(() => source.close());
  const domain = await scene.running(source, name);
  await scene.move(domain);
  await scene.refused('it has been moved already', 'migrate', () => scene.move(domain));
  await scene.clear();

  // libvirt's last reply is lost, on storage with a lock: the target's copy runs and holds it.
  const locked = await scene.running(source, name, {
    devices: `<disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='none'/>
      <source file='${scene.disk}'/><target dev='vda' bus='virtio'/></disk>`,
  });
  const management = lab.config.datacenters[0]?.lan.management ?? '';
  const line = await CutLine.to(target, management);
  const watcher = await scene.open(target);
  await watcher.onLifecycle(({ domain: seen, event }) => {
    if (seen.uuid === locked.uuid && event === 'Resumed') line.cut();
  });
  await scene.refused('the last reply is lost, and the target holds the disk', 'migrate', () =>
    scene.move(locked, {
      to: line.uri,
      flags: MigrateFlag.unsafe,
      runsOn: true,
    }),
  );
  await scene.refused('the copy at the target holds the disk', 'resume', () => source.resumeDomain(locked));
  await watcher.close();
  await line[Symbol.asyncDispose]();
};

/** A hook of the target's that refuses. */
export const hooks: Provocation = async (scene) => {
  await using ends = new AsyncDisposableStack();
  const source = await scene.open(scene.source);
  ends.defer(() => source.close());
  const { lab, target } = scene;
  const folder = join(lab.folder, 'hosts', target.name, 'etc', 'hooks');
  const hook = async (words: string): Promise<void> => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'qemu'), `#!/bin/sh\necho "${words}" >&2\nexit 1\n`, { mode: 0o755 });
    await lab.killLibvirtd(target.name);
    await lab.startLibvirtd(target.name);
  };
  const runs = await scene.running(source, 'refused-runs');
  await hook('stale epoch 5 < 9');
  await scene.refused("the target's hook knows a later epoch", 'migrate', () => scene.move(runs));
  const client = await scene.open(target);
  await scene.refused("the host's hook knows a later epoch", 'start', async () =>
    client.startDomain(await client.defineDomain(scene.xml('refused-hook'))),
  );
  await client.close();
  await hook('not today');
  await scene.refused("the target's hook refuses for a reason of its own", 'migrate', () => scene.move(runs));
  rmSync(folder, { recursive: true });
  await lab.killLibvirtd(target.name);
  await lab.startLibvirtd(target.name);
};
