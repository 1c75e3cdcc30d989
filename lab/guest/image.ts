/**
 * The guests' image: Debian's cloud kernel, and an initramfs of busybox and the few modules a guest needs. Both come
 * out of Debian's packages without installing them, and are cached by version.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import type { LabContext } from '../context.ts';
import { LabError } from '../errors.ts';
import { withLock } from '../lock.ts';
import { unpackKernel } from './kernel.ts';

const metaPackage = 'linux-image-cloud-amd64';
const shellPackage = 'busybox-static';

/** In the order in which `init.sh` loads them. */
const modules = [
  'virtio_ring',
  'virtio',
  'virtio_pci_legacy_dev',
  'virtio_pci_modern_dev',
  'virtio_pci',
  'failover',
  'net_failover',
  'virtio_net',
  'virtio_blk',
  'button',
  'evdev',
];

/** Puts `kernel` and `initrd` into the lab's `guest` folder, from the cache if this version was built before. */
export async function ensureGuestImage({ config, paths }: LabContext): Promise<'cached' | 'built'> {
  const packages = await packageVersions();
  const image = join(
    config.cache,
    'guest',
    `${packages.join('_')}_${recipeHash()}`.replace(/[^\w.+~-]/g, '-'),
  );
  const cached = existsSync(image);
  if (!cached) {
    await withLock(join(config.cache, 'guest', 'lock'), 300, async () => {
      if (!existsSync(image)) await build(image, packages);
    });
  }
  mkdirSync(paths.guest, { recursive: true });
  for (const name of ['kernel', 'initrd']) {
    // By a rename: a guest of a lab that is up may be starting from the old one.
    copyFileSync(join(image, name), join(paths.guest, `${name}.new`));
    renameSync(join(paths.guest, `${name}.new`), join(paths.guest, name));
  }
  return cached ? 'cached' : 'built';
}

/** The packages to unpack, as apt's `name=version`. */
async function packageVersions(): Promise<string[]> {
  const show = ['show', '--no-all-versions', metaPackage, shellPackage];
  const first = await execa('apt-cache', show, { reject: false });
  if (first.failed) await execa('apt-get', ['update']); // a new machine has no package lists yet
  const { stdout } = first.failed ? await execa('apt-cache', show) : first;
  const kernel = /^Depends: (linux-image-\S+) \(= (\S+)\)$/m.exec(stdout);
  const shell = new RegExp(`^Package: ${shellPackage}$[^]*?^Version: (\\S+)$`, 'm').exec(stdout);
  if (!kernel || !shell)
    throw new LabError(
      `apt knows no ${metaPackage} or no ${shellPackage} as Debian 12 has them: look at its sources (apt-cache policy ${metaPackage})`,
    );
  return [`${kernel[1]}=${kernel[2]}`, `${shellPackage}=${shell[1]}`];
}

/** Changes when anything that this folder puts into the initramfs changes. */
function recipeHash(): string {
  const hash = createHash('sha256');
  for (const file of globSync('**/*', { cwd: import.meta.dirname, withFileTypes: true }))
    if (file.isFile()) hash.update(file.name).update(readFileSync(join(file.parentPath, file.name)));
  return hash.digest('hex').slice(0, 12);
}

async function build(image: string, packages: readonly string[]): Promise<void> {
  const work = `${image}.building`;
  rmSync(work, { recursive: true, force: true });
  const [unpacked, root] = [join(work, 'unpacked'), join(work, 'root')];
  mkdirSync(unpacked, { recursive: true });
  // As root: apt's own user may not be allowed to write into this folder.
  const download = ['-o', 'APT::Sandbox::User=root', '-q', 'download', ...packages];
  const first = await execa('apt-get', download, { cwd: work, reject: false });
  if (first.failed) {
    await execa('apt-get', ['update']); // the lists were older than the archive
    await execa('apt-get', download, { cwd: work });
  }
  for (const file of globSync('*.deb', { cwd: work }))
    await execa('dpkg', ['-x', join(work, file), unpacked]);
  for (const folder of ['bin', 'dev', 'lib/modules', 'proc', 'sys', 'www'])
    mkdirSync(join(root, folder), { recursive: true });
  copyFileSync(join(unpacked, 'bin/busybox'), join(root, 'bin/busybox'));
  for (const module of modules)
    copyFileSync(only(unpacked, `**/${module}.ko`), join(root, 'lib/modules', `${module}.ko`));
  copyFileSync(join(import.meta.dirname, 'init.sh'), join(root, 'init'));
  cpSync(join(import.meta.dirname, 'cgi-bin'), join(root, 'www/cgi-bin'), { recursive: true });
  for (const script of ['init', ...globSync('www/cgi-bin/*', { cwd: root })])
    chmodSync(join(root, script), 0o755);

  const files = globSync('**/*', { cwd: root });
  const archive = ['--create', '--format=newc', '--owner=0:0', '--quiet', '--file', join(work, 'initrd')];
  await execa('cpio', archive, { cwd: root, input: files.join('\n') });
  const kernel = readFileSync(only(unpacked, 'boot/vmlinuz-*'));
  writeFileSync(join(work, 'kernel'), unpackKernel(kernel) ?? kernel);
  for (const folder of [unpacked, root]) rmSync(folder, { recursive: true });
  for (const file of globSync('*.deb', { cwd: work })) rmSync(join(work, file));
  renameSync(work, image);
}

function only(folder: string, pattern: string): string {
  const [found, ...more] = globSync(pattern, { cwd: folder });
  if (found === undefined || more.length > 0)
    throw new LabError(
      `Debian's kernel package holds ${more.length + (found ? 1 : 0)} files ${pattern}, expected one`,
    );
  return join(folder, found);
}
