/** VMs that can not be moved, or not there. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { MigrateFlag } from '../../../activities/hosts/libvirt/client.ts';
import type { Provocation, Scene } from './scene.ts';

/** What can't be moved, or not there. */
export const unmovable: Provocation = async (scene) => {
  await using ends = new AsyncDisposableStack();
  const source = await scene.open(scene.source);
  ends.defer(() => source.close());
  const file = (cache: string) => ({
    devices: `<disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='${cache}'/>
      <source file='${scene.disk}'/><target dev='vda' bus='virtio'/></disk>`,
  });
  const move = async (
    how: string,
    wanted: Parameters<Scene['xml']>[1],
    order: Parameters<Scene['move']>[1] = {},
    before = (): Promise<unknown> => Promise.resolve(),
  ) => {
    const domain = await scene.running(source, 'refused-unmovable', wanted);
    await before();
    await scene.refused(how, 'migrate', () => scene.move(domain, order));
    await scene.clear();
  };
  const virsh = (...args: string[]) => execa('virsh', ['-c', scene.source.virshUri, ...args]);
  await move('a disk file that is not on shared storage', file('none'));
  await move('a disk file that the host caches', file('writeback'));
  const unsafe = { flags: MigrateFlag.unsafe };
  await move('a VM with a snapshot', file('none'), unsafe, () =>
    virsh('snapshot-create-as', 'refused-unmovable', 's1'),
  );
  const onTarget = (...args: string[]) =>
    execa('ip', ['netns', 'exec', scene.target.namespace, 'iptables', ...args]);
  const san = scene.lab.config.datacenters[0]?.storage.san ?? '';
  const link = (...args: string[]) => execa('ip', ['-n', scene.source.namespace, 'link', ...args]);
  await link('add', 'only', 'type', 'bridge');
  await move('a bridge that the target lacks', {
    devices: "<interface type='bridge'><source bridge='only'/></interface>",
  });
  await link('del', 'only');
  const own = join(scene.lab.folder, 'hosts', scene.source.name, 'lib', 'only');
  mkdirSync(own);
  await execa('qemu-img', ['create', '-f', 'qcow2', join(own, 'disk'), '64M']);
  const local = {
    devices: file('none').devices.replace(scene.disk, '/var/lib/libvirt/only/disk'),
  };
  await move('disks are to be copied, and the target has no pool for them', local, {
    flags: MigrateFlag.nonSharedDisk,
  });
  await move('a disk file that the target lacks', local, unsafe);
  await move('a file of the guest that the target lacks', {
    devices: "<serial type='file'><source path='/var/lib/libvirt/only/log'/><target port='0'/></serial>",
  });
  rmSync(own, { recursive: true });
  const nbd = ['-p', 'tcp', '--dport', '10809', '-j', 'REJECT'];
  await onTarget('-I', 'OUTPUT', ...nbd);
  await move('a disk whose storage the target does not reach', {
    devices: `<disk type='network' device='disk'><driver name='qemu' type='raw' cache='none'/>
      <source protocol='nbd' name='web1'><host name='${san}' port='10809'/></source>
      <target dev='vda' bus='virtio'/><readonly/></disk>`,
  });
  await onTarget('-D', 'OUTPUT', ...nbd);
  const asks = scene.xml('refused-unmovable', {
    cpu: "<cpu mode='custom' match='exact'><model>Skylake-Server</model></cpu>",
  });
  await move('another CPU for the target than here', {}, { parameters: { destination_xml: asks } });
  await move(
    'another machine type for the target',
    {},
    { parameters: { destination_xml: scene.xml('refused-unmovable', { machine: 'pc' }) } },
  );
  await move('a block copy is under way', file('none'), unsafe, () =>
    virsh(
      'blockcopy',
      'refused-unmovable',
      'vda',
      `${scene.disk}.copy`,
      '--transient-job',
      '--bandwidth',
      '1',
    ),
  );

  // The same disk, running in two places.
  const first = await scene.running(source, 'refused-first', file('none'));
  await scene.refused('another process has its disk open', 'start', async () =>
    source.startDomain(await source.defineDomain(scene.xml('refused-second', file('none')))),
  );
  const target = await scene.open(scene.target);
  ends.defer(() => target.close());
  await scene.refused('it runs on another host, which has its disk open', 'start', async () =>
    target.startDomain(await target.defineDomain(scene.xml('refused-first', file('none')))),
  );
  await source.destroyDomain(first);
};
