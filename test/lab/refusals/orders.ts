/** Orders that a VM, or any host, refuses at once. */
import { MigrateFlag } from '../../../activities/hosts/libvirt/client.ts';
import type { Provocation, Scene } from './scene.ts';

/** Orders that a VM's state does not allow. */
export const states: Provocation = async (scene) => {
  await using ends = new AsyncDisposableStack();
  const source = await scene.open(scene.source);
  ends.defer(() => source.close());
  const off = await source.defineDomain(scene.xml('refused-off'));
  const offs = 'the VM is off';
  await scene.refused(offs, 'migrate', () => scene.move(off));
  await scene.refused(offs, 'destroy', () => source.destroyDomain(off));
  await scene.refused(offs, 'shutDown', () => source.shutdownDomain(off));
  await scene.refused(offs, 'suspend', () => source.suspendDomain(off));
  await scene.refused(offs, 'resume', () => source.resumeDomain(off));
  await scene.refused(offs, 'quit', () => source.qemuMonitorCommand(off, '{"execute":"quit"}'));
  await scene.refused(offs, 'abortMigration', () => source.abortJob(off));
  await scene.refused(offs, 'setMaxDowntime', () => source.setMaxDowntimeMs(off, 500));
  await scene.refused(offs, 'migrationProgress', () => source.jobStats(off));

  const runs = await scene.running(source, 'refused-runs');
  await scene.refused('the VM runs', 'start', () => source.startDomain(runs));
  await scene.refused('the VM runs', 'resume', () => source.resumeDomain(runs));
  await scene.refused('no migration is under way', 'abortMigration', () => source.abortJob(runs));
  await scene.refused('no migration is under way', 'migrate', () =>
    scene.move(runs, { flags: MigrateFlag.postCopy | MigrateFlag.postCopyResume }),
  );
  await source.undefineDomain(runs);
  await scene.refused('the VM has no definition', 'undefine', () => source.undefineDomain(runs));
  await source.destroyDomain(runs);
  const gone = 'the host has no such VM';
  await scene.refused(gone, 'start', () => source.startDomain(runs));
  await scene.refused(gone, 'destroy', () => source.destroyDomain(runs));
  await scene.refused(gone, 'undefine', () => source.undefineDomain(runs));
  await scene.refused(gone, 'sight', () => source.domainByUuid(runs.uuid));
};

/** Orders that can't be. */
export const orders: Provocation = async (scene) => {
  await using ends = new AsyncDisposableStack();
  const source = await scene.open(scene.source);
  ends.defer(() => source.close());
  const define = (how: string, xml: string) => scene.refused(how, 'define', () => source.defineDomain(xml));
  await define('the definition is no XML', '<domain');
  await define('the definition lacks its memory', scene.xml('refused-xml').replace(/<memory.*memory>/, ''));
  await define('the definition lacks its name', scene.xml('refused-xml').replace(/<name>.*name>/, ''));
  await define('the host has no such emulator', scene.xml('refused-xml').replace('x86_64</emu', 'none</emu'));
  await define('the emulator has no such machine type', scene.xml('refused-xml', { machine: 'pc-q35-99.0' }));
  const reader = await scene.open(scene.source, true);
  ends.defer(() => reader.close());
  const runs = await scene.running(source, 'refused-runs');
  await scene.refused('the session only reads', 'destroy', () => reader.destroyDomain(runs));
  const move = (how: string, order: Parameters<Scene['move']>[1]) =>
    scene.refused(how, 'migrate', () => scene.move(runs, order));
  await move('flags that exclude each other', { flags: MigrateFlag.postCopy | MigrateFlag.tunnelled });
  await move('post-copy, to arrive paused', { flags: MigrateFlag.postCopy });
  await move('TLS, which the host is not set up for', { flags: MigrateFlag.tls });
  await move('a migration URI that is none', { migrateUri: 'nonsense' });
  await move('to itself', { to: scene.source.uri });
  await move('a host that demands TLS, without certificates here', {
    to: scene.target.uri.replace('tcp', 'tls'),
  });
  await scene.refused('a mistaken command', 'quit', () => source.qemuMonitorCommand(runs, '{"execute":'));
};
