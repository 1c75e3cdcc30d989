/** What keeps a VM from a host: the way to it, what it has already, what it lacks. */
import { execa } from 'execa';
import { uuidOf } from '../../../lab/simulated/spec.ts';
import type { Provocation, Scene } from './scene.ts';

/** The way to the target. */
export const ways: Provocation = async (scene) => {
  await using ends = new AsyncDisposableStack();
  const source = await scene.open(scene.source);
  ends.defer(() => source.close());
  const runs = await scene.running(source, 'refused-runs');
  const { address } = scene.target;
  const move = (how: string, order: Parameters<Scene['move']>[1]) =>
    scene.refused(how, 'migrate', () => scene.move(runs, order));
  await move('nobody listens at the target', { to: `qemu+tcp://${address}:1/system` });
  await move('nobody has the address', { to: `qemu+tcp://${address.replace(/\d+$/, '99')}/system` });
  await move('nobody has the name', { to: 'qemu+tcp://nobody.invalid/system' });
  await move('memory is to go where nobody listens', { migrateUri: `tcp://${scene.source.address}:49160` });
  await execa('ip', ['netns', 'exec', scene.target.namespace, 'iptables', '-I', 'INPUT', ...closed]);
  await move('a firewall closes the migration ports', {});
  await execa('ip', ['netns', 'exec', scene.target.namespace, 'iptables', '-D', 'INPUT', ...closed]);

  const held = execa('ip', ['netns', 'exec', scene.target.namespace, process.execPath, '-e', holdPorts], {
    reject: false,
  });
  await new Promise((resolve) => {
    held.stdout?.once('data', resolve);
  });
  await move('every migration port of the target is taken', {});
  held.kill();
  await held;
};

/** What the target has already. */
export const clashes: Provocation = async (scene) => {
  await using ends = new AsyncDisposableStack();
  const [source, target] = [await scene.open(scene.source), await scene.open(scene.target)];
  ends.defer(() => source.close());
  ends.defer(() => target.close());
  const runs = await scene.running(source, 'refused-runs');
  const move = (how: string) => scene.refused(how, 'migrate', () => scene.move(runs));
  const other = await target.defineDomain(scene.xml('refused-runs', { uuid: uuidOf('vm', 'other') }));
  await move('another VM at the target has its name');
  await scene.refused('another VM has its name', 'define', () =>
    target.defineDomain(scene.xml('refused-runs')),
  );
  await target.undefineDomain(other);
  const renamed = await target.defineDomain(scene.xml('refused-other', { uuid: runs.uuid }));
  await move('a VM of another name at the target has its UUID');
  await scene.refused('a VM of another name has its UUID', 'define', () =>
    target.defineDomain(scene.xml('refused-runs')),
  );
  await target.undefineDomain(renamed);
  await scene.running(target, 'refused-runs');
  await move('it runs at the target as well');
};

/** What the target lacks. */
export const lacks: Provocation = async (scene) => {
  await using ends = new AsyncDisposableStack();
  const source = await scene.open(scene.source);
  ends.defer(() => source.close());
  const start = async (how: string, wanted: Parameters<Scene['xml']>[1]): Promise<void> => {
    await scene.refused(how, 'start', async () =>
      source.startDomain(await source.defineDomain(scene.xml('refused-lacks', wanted))),
    );
    await scene.clear();
  };
  const disk = (what: string) => ({ devices: `<disk type='${what}<target dev='vda' bus='virtio'/></disk>` });
  const net = (what: string) => ({ devices: `<interface type='${what}<model type='virtio'/></interface>` });
  await start('no such disk file', disk("file' device='disk'><source file='/nowhere/disk.raw'/>"));
  await start('no such block device', disk("block' device='disk'><source dev='/dev/nowhere'/>"));
  await start('no such pool', disk("volume' device='disk'><source pool='nowhere' volume='v'/>"));
  const nbd = (address: string) =>
    disk(
      `network' device='disk'><source protocol='nbd' name='x'><host name='${address}' port='10809'/></source>`,
    );
  await start('nobody serves the disk', nbd('127.0.0.1'));
  await start('the storage has no such disk', nbd(scene.lab.config.datacenters[0]?.storage.san ?? ''));
  await start('no such bridge', net("bridge'><source bridge='nowhere'/>"));
  await start('no such network', net("network'><source network='nowhere'/>"));
  await start('more memory than the host has', { memory: "<memory unit='TiB'>64</memory>" });
  await start('a CPU model that nobody knows', { cpu: "<cpu mode='custom'><model>Nonesuch</model></cpu>" });
  await start('a CPU that the host has not, checked in full', {
    cpu: "<cpu mode='custom' check='full' match='exact'><model fallback='forbid'>Skylake-Server</model></cpu>",
  });
  await start('a CPU feature that the host has not', {
    cpu: "<cpu mode='custom' check='partial' match='exact'><model fallback='forbid'>qemu64</model><feature policy='require' name='avx512f'/></cpu>",
  });
  await start('a device that cannot be', {
    devices:
      "<hostdev mode='subsystem' type='pci'><source><address domain='0' bus='0x99' slot='0' function='0'/></source></hostdev>",
  });
};

const closed = ['-p', 'tcp', '--dport', '49152:49215', '-j', 'REJECT'];
const holdPorts = `const { createServer } = require('net');
  Promise.all(Array.from({ length: 64 }, (_, n) =>
    new Promise((done) => createServer().listen(49152 + n, '::', done)))).then(() => console.log('held'))`;
