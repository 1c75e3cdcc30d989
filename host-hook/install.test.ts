/** The installer, into the folders of an image. What it does on a host is shown by `test/lab/host-hook.test.ts`. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const installer = join(import.meta.dirname, 'install.sh');
const uuid = '11111111-0000-4000-8000-000000000001';

let image: string;
beforeEach(() => {
  image = mkdtempSync(join(tmpdir(), 'drover-hook-image-'));
  for (const folder of ['etc/libvirt', 'var/lib/libvirt'])
    mkdirSync(join(image, folder), { recursive: true });
});
afterEach(() => rmSync(image, { recursive: true }));

const inImage = (path: string): string => join(image, path);
const hook = (): string => inImage('etc/libvirt/hooks/qemu.d/50-drover');
const epochs = (): string => inImage('var/lib/libvirt/drover-hook/epochs');

function run(...args: string[]): { status: number | null; says: string } {
  const { status, stdout, stderr } = spawnSync('sh', [installer, '--root', image, ...args], {
    encoding: 'utf8',
  });
  return { status, says: stdout + stderr };
}

/** Everything in the image with its mode and text. */
function contents(): string[] {
  return readdirSync(image, { recursive: true, encoding: 'utf8' })
    .toSorted()
    .map((path) => {
      const stat = statSync(inImage(path));
      return `${path} ${stat.mode.toString(8)} ${stat.isFile() ? readFileSync(inImage(path), 'utf8') : ''}`;
    });
}

describe('an installed hook', () => {
  beforeEach(() => void run());

  test('is the one beside the installer, may be run, and is found in order', () => {
    expect(readFileSync(hook())).toEqual(readFileSync(join(import.meta.dirname, '50-drover')));
    expect(statSync(hook()).mode & 0o777).toBe(0o755);
    expect(statSync(inImage('var/lib/libvirt/drover-hook')).mode & 0o777).toBe(0o700);
    expect(run('--check')).toMatchObject({ status: 0, says: expect.stringContaining('unchanged') });
  });

  test('keeps what it has recorded when it is installed again', () => {
    mkdirSync(join(epochs(), uuid));
    writeFileSync(join(epochs(), uuid, '7'), '');
    const before = contents();
    expect(run().status).toBe(0);
    expect(contents()).toEqual(before);
  });

  test.each([
    ['was changed', () => writeFileSync(hook(), 'exit 0\n', { flag: 'a' }), 'not the one of this version'],
    ['may not be run', () => chmodSync(hook(), 0o644), 'has the mode 644'],
    ['may be written by others', () => chmodSync(hook(), 0o777), 'has the mode 777'],
    ['is gone', () => rmSync(hook()), 'not installed'],
    ['has lost its folder', () => rmSync(epochs(), { recursive: true }), 'install again'],
    ['shows its folder to all', () => chmodSync(join(epochs(), '..'), 0o755), 'has the mode 755'],
  ])('that %s is told', (_, change, says) => {
    change();
    expect(run('--check')).toMatchObject({ status: 1, says: expect.stringContaining(says) });
    expect(run().status).toBe(0);
    chmodSync(join(epochs(), '..'), 0o700);
    expect(run('--check').status).toBe(0);
  });
});

describe('taken off, all is as before', () => {
  const hostsBefore: readonly (readonly [string, () => void])[] = [
    ['on a host without hooks', () => undefined],
    ['on a host with an empty folder for hooks', () => mkdirSync(inImage('etc/libvirt/hooks'))],
    [
      'on a host with hooks of its own',
      () => {
        mkdirSync(inImage('etc/libvirt/hooks/qemu.d'), { recursive: true });
        for (const file of ['qemu', 'qemu.d/10-own'])
          writeFileSync(inImage(`etc/libvirt/hooks/${file}`), '#!/bin/sh\n', { mode: 0o755 });
      },
    ],
  ];

  test.each(hostsBefore)('%s', (_, prepare) => {
    prepare();
    const before = contents();
    for (const args of [[], [], ['--uninstall'], ['--uninstall']]) expect(run(...args).status).toBe(0);
    expect(contents()).toEqual(before);
  });

  test('but for hooks that others have added since', () => {
    run();
    const added = inImage('etc/libvirt/hooks/qemu.d/60-other');
    writeFileSync(added, '#!/bin/sh\n');
    expect(run('--uninstall').status).toBe(0);
    expect(readdirSync(join(added, '..'))).toEqual(['60-other']);
  });
});

test('where there is no libvirt nothing is installed', () => {
  rmSync(inImage('etc'), { recursive: true });
  expect(run()).toMatchObject({ status: 1, says: expect.stringContaining('there is no libvirt') });
  expect(readdirSync(inImage('var/lib/libvirt'))).toEqual([]);
});

test.each([['--help'], ['--root'], ['--root', '/nowhere/at/all']])('%j %j is no use of it', (...args) => {
  const { status, stderr } = spawnSync('sh', [installer, ...args], { encoding: 'utf8' });
  expect(status).toBe(2);
  expect(stderr).toContain('--uninstall');
});

describe('on a host', () => {
  /** A machine whose libvirt says this of itself, and on which nothing can be changed. */
  function onHostWith(version: string): { status: number | null; says: string } {
    const bin = inImage('bin');
    mkdirSync(bin);
    const tools = {
      virtqemud: 'exit 127',
      libvirtd: version === '' ? 'exit 127' : `echo 'libvirtd (libvirt) ${version}'`,
      id: 'echo 0',
      ...Object.fromEntries(['mkdir', 'cp', 'chmod', 'mv'].map((tool) => [tool, 'exit 9'])),
    };
    for (const [tool, does] of Object.entries(tools))
      writeFileSync(join(bin, tool), `#!/bin/sh\n${does}\n`, { mode: 0o755 });
    const { status, stdout, stderr } = spawnSync('sh', [installer], {
      encoding: 'utf8',
      env: { PATH: `${bin}:${process.env['PATH']}` },
    });
    return { status, says: stdout + stderr };
  }

  test.each(['6.4.0', '5.10.0', '1.3.1'])('of libvirt %s it is not installed', (version) => {
    expect(onHostWith(version)).toMatchObject({
      status: 1,
      says: expect.stringMatching(/need libvirt 6\.5 or later; nothing was changed/),
    });
  });

  test.each(['6.5.0', '9.0.0', '10.0.0'])('of libvirt %s it is', (version) => {
    expect(onHostWith(version).says).not.toMatch(/need libvirt|neither/);
  });

  test('without libvirt neither', () => {
    expect(onHostWith('')).toMatchObject({ status: 1, says: expect.stringContaining('neither virtqemud') });
  });
});
